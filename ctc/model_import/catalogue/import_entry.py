"""Import the network of a list, with the options of the list."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctc.model_import.catalogue.entry import ModelEntry
from ctc.reporting import Reporter


def import_entry(
    entry: ModelEntry, network: Path, source: str, folder: Path, reporter: Reporter
) -> Path:
    """Return the path of a model file in `folder` that was made of a foreign network.

    `source`: where the network is from, for its metadata. Raises CtcError as `ctc import` does.
    """
    if entry.import_options:
        reporter.info(f"options of `ctc import` in the list: {_describe(entry.import_options)}")
    options: dict[str, Any] = {
        name.replace("-", "_"): value for name, value in entry.import_options.items()
    }
    if "classes" in options:
        options["classes"] = network.with_name(options["classes"])
    elif isinstance(entry.classes, tuple):
        options["classes"] = folder / "classes.txt"
        options["classes"].write_text("\n".join(entry.classes) + "\n", encoding="utf-8")
    options |= {"licence": entry.licence, "source": source}
    make = _import_detector if entry.kind == "detector" else _import_network
    output = folder / "model.onnx"
    make(network, output, options, reporter)
    return output


def _import_network(
    network: Path, output: Path, options: dict[str, Any], reporter: Reporter
) -> None:
    from ctc.model_import.config import ImportConfig
    from ctc.model_import.run import import_network

    for line in import_network(ImportConfig(network, output, **options), reporter).parity.lines():
        reporter.info(line)


def _import_detector(
    network: Path, output: Path, options: dict[str, Any], reporter: Reporter
) -> None:
    from ctc.model_import.detector import AUTO, DetectorImport, import_detector

    config = DetectorImport(
        network,
        output,
        layout=options.pop("detector", AUTO),
        types=options.pop("category", {}),
        others=options.pop("other_categories", None),
        max_iou=options.pop("iou", None),
        **options,
    )
    *lines, _ = import_detector(config, reporter).lines()
    for line in lines:
        reporter.info(line)


def _describe(options: Mapping[str, Any]) -> str:
    """Return the options as they are typed on the command line."""
    words = []
    for name, value in options.items():
        values = [f"{key}={kind}" for key, kind in value.items()] if name == "category" else [value]
        words += [f"--{name} {shlex.quote(_text(name, one))}" for one in values]
    return " ".join(words)


def _text(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        return ("x" if name == "size" else ",").join(f"{one:.12g}" for one in value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)
