"""Embed the external data of an ONNX file: weights that lie in other files of its folder.

https://github.com/onnx/onnx/blob/main/docs/ExternalData.md
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from onnx import GraphProto, ModelProto, TensorProto

from ctc.errors import InputError, reason, shorten
from ctc.runtime.model_bytes import MAX_BYTES
from ctc.storage.paths import is_remote

_LOCATION, _OFFSET, _LENGTH = "location", "offset", "length"


def embed_external_data(model: ModelProto, path: Path) -> int:
    """Read external data into the tensors of `model`, the content of the file `path`.

    Returns the number of bytes. Raises InputError for data outside the file's folder, data that is
    missing or too short, and more than an ONNX file can hold.
    """
    total = 0
    for tensor in _tensors(model):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        if is_remote(path):
            raise InputError(
                f"'{path}' keeps weights in other files: download the folder, and import from there"
            )
        data = _read(tensor, path, MAX_BYTES - total)
        total += len(data)
        tensor.raw_data = data
        del tensor.external_data[:]
        tensor.data_location = TensorProto.DEFAULT
    return total


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    yield from _graph_tensors(model.graph)
    for function in model.functions:
        for node in function.node:
            yield from _attribute_tensors(node)


def _graph_tensors(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices
    for node in graph.node:
        yield from _attribute_tensors(node)


def _attribute_tensors(node: object) -> Iterator[TensorProto]:
    for attribute in getattr(node, "attribute", ()):
        yield attribute.t
        yield from attribute.tensors
        for graph in (attribute.g, *attribute.graphs):
            yield from _graph_tensors(graph)


def _read(tensor: TensorProto, path: Path, limit: int) -> bytes:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get(_LOCATION, "")
    found = _resolve(location, path)
    try:
        start, size = int(entries.get(_OFFSET, 0)), found.stat().st_size
        length = int(entries.get(_LENGTH, size - start))
        if not 0 <= start <= start + length <= size:
            raise InputError(
                f"'{path}' is damaged or incomplete: its weights '{shorten(tensor.name)}' lie at "
                f"bytes {start:,} to {start + length:,} of '{found.name}', which has {size:,}"
            )
        if length > limit:
            raise InputError(
                f"'{path}' has more than 2 GiB of weights, more than one ONNX file can hold: "
                "export it in float16"
            )
        with found.open("rb") as file:
            file.seek(start)
            return file.read(length)
    except ValueError:
        raise InputError(
            f"'{path}' is damaged: it has no numbers where its weights '{shorten(tensor.name)}' lie"
        ) from None
    except OSError as error:
        raise InputError(f"'{found}', with weights of '{path}': {reason(error)}") from None


def _resolve(location: str, path: Path) -> Path:
    """Return the file at `location`; raises InputError unless it is one inside the folder."""
    folder = path.absolute().parent.resolve()
    try:
        found = (folder / location).resolve()
        inside = bool(location) and found.is_relative_to(folder) and found != folder
        is_file = inside and stat.S_ISREG(found.stat().st_mode)
    except FileNotFoundError:
        raise InputError(
            f"'{path}' keeps weights in '{shorten(location)}', which is not in its folder: "
            "put the file beside it"
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"'{path}' keeps weights in '{shorten(location)}': {reason(error)}"
        ) from None
    if not inside:
        raise InputError(
            f"'{path}' asks for weights outside its folder, '{shorten(location)}', which are not "
            "read: if that is a link, put the file itself beside the network"
        )
    if not is_file:
        raise InputError(f"'{path}' keeps weights in '{shorten(location)}', which is not a file")
    return found
