"""What is told about models, as JSON and as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ctc.artifacts.model.detector import DetectorInfo
from ctc.artifacts.model.file import ModelInfo
from ctc.model_import.catalogue.entry import ModelEntry
from ctc.model_import.catalogue.local_models import LocalModel
from ctc.model_import.catalogue.model_list import ModelList
from ctc.storage.urls import redact_urls

MAX_CLASSES_SHOWN = 20


def model_json(model: LocalModel) -> dict[str, Any]:
    """Return what is known about a local model."""
    about: dict[str, Any] = {"path": str(model.path), "kind": model.kind, "size": model.size}
    if model.info is None:
        return {**about, "fault": model.fault}
    if isinstance(model.info, DetectorInfo):
        return {
            **about,
            "categories": {one.name: one.type for one in model.info.categories},
            "layout": model.info.layout,
            "input_size": [model.info.input.height, model.info.input.width],
            **_origin(model.info),
        }
    return {
        **about,
        "labels": {label: list(names) for label, names in model.info.labels.items()},
        "features": model.info.feature_size,
        "input_size": [model.info.preprocessing.height, model.info.preprocessing.width],
        **_origin(model.info),
    }


def _origin(info: ModelInfo | DetectorInfo) -> dict[str, Any]:
    return {
        "licence": info.licence,
        "source": dict(info.source),
        "ctc_version": info.ctc_version,
    }


def entry_json(entry: ModelEntry, copy: LocalModel | None) -> dict[str, Any]:
    """Return what a list says about a model. `copy`: the file here that was made of it."""
    return {
        "name": entry.name,
        "kind": entry.kind,
        "summary": entry.summary,
        "url": redact_urls(entry.network.url),
        "size": entry.total_bytes,
        "sha256": entry.network.sha256,
        "licence": entry.licence,
        "commercial_use": entry.commercial_use,
        "classes": list(entry.classes) if isinstance(entry.classes, tuple) else entry.classes,
        "region": entry.region,
        "training_data": entry.training_data,
        "input_size": list(entry.input_size) if entry.input_size else None,
        "page": entry.page,
        "here": str(copy.path) if copy else None,
    }


def describe(model_list: ModelList, entry: ModelEntry) -> Iterator[str]:
    """Yield lines about a model of a list, for somebody who decides whether to fetch it."""
    yield f"{entry.name}: {entry.summary or entry.kind}"
    size = entry.input_size
    facts = {
        "kind": entry.kind,
        "classes": _describe_classes(entry),
        "region": entry.region,
        "training data": entry.training_data,
        "input": None if size is None else f"{size[0]}x{size[1]} pixels",
        "page": entry.page,
        "from": redact_urls(str(model_list.locate(entry.network.url))),
        "bytes": None if entry.total_bytes is None else f"{entry.total_bytes:,}",
        "SHA-256": entry.network.sha256,
    }
    for what, fact in facts.items():
        if fact is not None:
            yield f"  {what}: {fact}"
    yield f"  licence: {describe_licence(entry)}"


def _describe_classes(entry: ModelEntry) -> str | None:
    """Return the number of classes, with the first of them if the list names them."""
    if not isinstance(entry.classes, tuple):
        return None if entry.classes is None else f"{entry.classes:,}"
    more = ", …" if len(entry.classes) > MAX_CLASSES_SHOWN else ""
    return f"{len(entry.classes):,} ({', '.join(entry.classes[:MAX_CLASSES_SHOWN])}{more})"


def describe_licence(entry: ModelEntry) -> str:
    """Return what the list says of the licence."""
    if entry.licence is None:
        return "not known: nobody may use a work without a licence"
    use = "allows" if entry.commercial_use else "forbids"
    if entry.commercial_use is None:
        return f"{entry.licence}; whether it allows commercial use is not known"
    return f"{entry.licence}, which {use} commercial use"


def needs_consent(entry: ModelEntry) -> bool:
    """Return whether the licence is unknown, or forbids what somebody may want to do."""
    return entry.licence is None or entry.commercial_use is not True
