"""Fetch a model of a list, and make it a model file of ctc."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.onnx_metadata import read_onnx_metadata
from ctc.errors import InputError
from ctc.model_import.catalogue.entry import ModelEntry
from ctc.model_import.catalogue.fetch import fetched
from ctc.model_import.catalogue.model_list import ModelList
from ctc.reporting import Reporter, counted
from ctc.storage.atomic import atomic_write
from ctc.storage.urls import redact_urls

_CTC_KEY = "ctc_format_version"


def get_model(
    model_list: ModelList,
    entry: ModelEntry,
    output: Path,
    reporter: Reporter,
    *,
    unchecked: bool = False,
) -> None:
    """Fetch a model, check it against what the list says, import it, and write it to `output`.

    A model file of ctc is opened and copied as it is. `unchecked`: see `fetch.fetched`. Raises
    CtcError if the model can't be fetched, is not what the list says, or can't be imported; then
    nothing is written.
    """
    with (
        fetched(model_list, entry, reporter, unchecked=unchecked) as network,
        TemporaryDirectory(prefix="ctc-", ignore_cleanup_errors=True) as folder,
    ):
        if _is_ctc_model(network):
            made = _open_model(network)
        else:
            made = _import(model_list, entry, network, Path(folder), reporter)
        _check_facts(entry, made)
        with atomic_write(output) as partial:
            shutil.copyfile(made, partial)


def _is_ctc_model(path: Path) -> bool:
    try:
        return _CTC_KEY in read_onnx_metadata(path)
    except InputError:
        return False


def _open_model(path: Path) -> Path:
    """Return the path of a model file of ctc after the network has run once."""
    from ctc.runtime.session import load_model

    labels = ModelInfo.from_metadata(read_onnx_metadata(path)).labels
    load_model(path, needs="labels" if labels else "features")
    return path


def _import(
    model_list: ModelList, entry: ModelEntry, network: Path, folder: Path, reporter: Reporter
) -> Path:
    """Return the path of the model file that was made of a foreign network."""
    from ctc.model_import.config import ImportConfig
    from ctc.model_import.run import import_network

    options: dict[str, Any] = {
        name.replace("-", "_"): value for name, value in entry.import_options.items()
    }
    if options:
        reporter.info(f"options of `ctc import` in the list: {_describe_options(entry)}")
    if "classes" in options:
        options["classes"] = network.with_name(options["classes"])
    elif isinstance(entry.classes, tuple):
        options["classes"] = folder / "classes.txt"
        options["classes"].write_text("\n".join(entry.classes) + "\n", encoding="utf-8")
    source = entry.page or redact_urls(str(model_list.locate(entry.network.url)))
    config = ImportConfig(
        network, folder / "model.onnx", licence=entry.licence, source=source, **options
    )
    result = import_network(config, reporter)
    for line in result.parity.lines():
        reporter.info(line)
    return config.output


def _describe_options(entry: ModelEntry) -> str:
    """Return the options as they are typed on the command line."""

    def text(name: str, value: Any) -> str:
        sign = "x" if name == "size" else ","
        return sign.join(f"{one:.12g}" for one in value) if isinstance(value, tuple) else str(value)

    given = entry.import_options.items()
    return " ".join(f"--{name} {shlex.quote(text(name, value))}" for name, value in given)


def _check_facts(entry: ModelEntry, path: Path) -> None:
    """Raise InputError if the model file is another one than the list describes."""
    metadata = read_onnx_metadata(path)
    if "labels" not in metadata:
        return
    info = ModelInfo.from_metadata(metadata)
    fault = _find_fault(entry, info)
    if fault is not None:
        raise InputError(
            f"'{entry.name}' is not what the list says: {fault}; nothing was written, tell whoever "
            "keeps the list"
        )


def _find_fault(entry: ModelEntry, info: ModelInfo) -> str | None:
    if entry.kind == "features" and info.feature_size is None:
        return "it gives no features"
    if entry.kind == "classifier" and not info.labels:
        return "it gives no classes"
    counts = [len(names) for names in info.labels.values()]
    if counts and entry.class_count is not None and entry.class_count not in (sum(counts), *counts):
        there = counted(sum(counts), "class", "classes")
        return f"it has {there}, not {entry.class_count:,}"
    given = [set(names) for names in info.labels.values()]
    if isinstance(entry.classes, tuple) and set(entry.classes) not in (*given, set().union(*given)):
        unknown = sorted(set(entry.classes) - set().union(*given))
        return f"it has no class '{unknown[0]}'"
    size = (info.preprocessing.height, info.preprocessing.width)
    if entry.input_size is not None and size != entry.input_size:
        listed = "x".join(map(str, entry.input_size))
        return f"its input has {size[0]}x{size[1]} pixels, not {listed}"
    if entry.licence is not None and info.licence not in (None, entry.licence):
        return f"its licence is '{info.licence}', not '{entry.licence}'"
    return None
