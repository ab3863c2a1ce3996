"""Read an ONNX file that another program wrote, without trusting it."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
import onnx.inliner
from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, NodeProto

from ctc.artifacts.file_kind import describe_other_kind, recognize_kind
from ctc.errors import InputError, UsageError, reason, shorten
from ctc.model_import.source.external_data import embed_external_data
from ctc.model_import.source.file_signature import DESCRIBED, HEADER_BYTES, recognize_signature
from ctc.model_import.source.zip_file import describe_zip
from ctc.runtime.model_bytes import MAX_BYTES
from ctc.storage.remote_files import as_os_errors, local_copy

KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Domains of operators that onnxruntime itself computes."""
_CTC_KEY = "ctc_format_version"
_MAX_LISTED = 5


def local_network(path: Path) -> Path:
    """Return a local file with the network at `path`, which may be a URL.

    Raises CtcError if it isn't there, is no file, or is larger than an ONNX file can be.
    """
    try:
        with as_os_errors(path):
            local = local_copy(path)
            status = local.stat()
    except FileNotFoundError:
        raise UsageError(f"network '{path}' is not there: check the path") from None
    except OSError as error:
        raise InputError(f"network '{path}' can't be read: {reason(error)}") from None
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(f"network '{path}' is a folder: give the network's file in it")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"network '{path}' is not a file")
    if status.st_size > MAX_BYTES:
        raise InputError(
            f"network '{path}' has {status.st_size:,} bytes, and an ONNX file can hold 2 GiB: "
            "export it in float16"
        )
    return local


def read_header(local: Path) -> bytes:
    """Return the first bytes of a file; raises InputError."""
    try:
        with local.open("rb") as file:
            return file.read(HEADER_BYTES)
    except OSError as error:
        raise InputError(f"network '{local}' can't be read: {reason(error)}") from None


def read_onnx(path: Path, local: Path) -> ModelProto:
    """Return the model in `local`, a copy of `path`, with its weights and functions inside.

    Raises CtcError, saying what it is, for anything but a sound network that onnxruntime can run
    without other software, and that ctc did not write.
    """
    if recognize_kind(local) not in (None, "model", "foreign model"):
        other = describe_other_kind(local, "model")
        raise UsageError(other or f"'{path}' is no network: give an ONNX file")
    signature = recognize_signature(read_header(local))
    if signature == "zip" and (other := describe_zip(local)):
        raise InputError(f"network '{path}' is {other}")
    if signature != "unknown":
        raise InputError(
            f"network '{path}' is {DESCRIBED[signature]}; {_next_step(signature)}"
            if _next_step(signature)
            else f"network '{path}' is {DESCRIBED[signature]}"
        )
    model = _parse(path, local)
    if any(entry.key == _CTC_KEY for entry in model.metadata_props):
        raise UsageError(f"'{path}' is a model file of ctc already: use it as it is")
    if embed_external_data(model, path):
        _check_size(path, model)
    _check_domains(path, model)
    _check_sound(path, model)
    return _inline_functions(path, model)


def _parse(path: Path, local: Path) -> ModelProto:
    try:
        model = onnx.load_model_from_string(local.read_bytes())
    except DecodeError:
        raise InputError(
            f"network '{path}' is {DESCRIBED['unknown']}: download or export it again"
        ) from None
    except OSError as error:
        raise InputError(f"network '{path}' can't be read: {reason(error)}") from None
    if not model.graph.node or not model.graph.output:
        raise InputError(f"network '{path}' is {DESCRIBED['unknown']}: it holds no graph")
    return model


def _check_size(path: Path, model: ModelProto) -> None:
    if model.ByteSize() > MAX_BYTES:
        raise InputError(
            f"network '{path}' with its weights is larger than the 2 GiB that one ONNX file can "
            "hold: export it in float16"
        )


def _check_domains(path: Path, model: ModelProto) -> None:
    """Raise InputError for operators of others' libraries, which are never loaded."""
    own = {(function.domain, function.name) for function in model.functions}
    foreign = {
        f"{node.domain}.{node.op_type}"
        for node in _nodes(model)
        if node.domain not in KNOWN_DOMAINS and (node.domain, node.op_type) not in own
    }
    if foreign:
        names = ", ".join(sorted(map(shorten, foreign))[:_MAX_LISTED])
        raise InputError(
            f"network '{path}' has operators that onnxruntime lacks ({names}): "
            "export it with standard ONNX operators only"
        )


def _nodes(model: ModelProto) -> Iterator[NodeProto]:
    yield from walk_nodes(model.graph.node)
    for function in model.functions:
        yield from walk_nodes(function.node)


def walk_nodes(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    """Yield the nodes, and those of the graphs inside them (branches, bodies of loops)."""
    for node in nodes:
        yield node
        for nested in nested_graphs(node):
            yield from walk_nodes(nested.node)


def nested_graphs(node: NodeProto) -> Iterator[GraphProto]:
    """Yield the graphs in the attributes of a node."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _check_sound(path: Path, model: ModelProto) -> None:
    newest = onnx.defs.onnx_opset_version()
    for one in model.opset_import:
        if one.domain in ("", "ai.onnx") and one.version > newest:
            raise InputError(
                f"network '{path}' is of opset {one.version}, newer than this machine's onnx reads "
                f"(up to {newest}): update onnx and onnxruntime, or export it in an older opset"
            )
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        raise InputError(
            f"network '{path}' is damaged, or not sound ONNX: {shorten(reason(error), 200)}"
        ) from None


def _inline_functions(path: Path, model: ModelProto) -> ModelProto:
    """Return the model with the calls of its own functions replaced by their nodes."""
    if not model.functions:
        return model
    try:
        inlined = onnx.inliner.inline_local_functions(model)
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"the functions of network '{path}' can't be resolved: {shorten(reason(error), 200)}"
        ) from None
    used = {node.domain for node in walk_nodes(inlined.graph.node)}
    kept = [one for one in inlined.opset_import if one.domain in used | {""}]
    del inlined.opset_import[:]
    inlined.opset_import.extend(kept)
    return inlined


def _next_step(signature: str) -> str:
    if signature in ("zip", "pickle", "safetensors"):
        return "export the network to ONNX with the program that made it: docs/how-to/public-model"
    return ""
