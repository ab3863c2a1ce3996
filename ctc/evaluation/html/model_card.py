"""Model card: what the model is, what it is for, and its limits.

Mitchell et al. 2019, https://arxiv.org/abs/1810.03993.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ctc._version import __version__
from ctc.artifacts.model.file import ModelInfo
from ctc.evaluation.html.calibration_text import calibration_lines, threshold_lines
from ctc.evaluation.html.formatting import format_estimate
from ctc.evaluation.html.summary import describe_subject
from ctc.evaluation.metrics.evaluation import Evaluation

NOT_STATED = "Not stated. State a licence with --licence before you share the model."

_VERSIONS = (
    ("Trained", "trained_with"),
    ("Exported", "exported_with"),
    ("Imported", "imported_with"),
)
"""Versions of a step, and their key in the provenance."""

CardSection = tuple[str, tuple[str, ...]]
"""A heading and its lines."""


def model_card(
    evaluation: Evaluation, model: ModelInfo | None, licence: str | None
) -> tuple[CardSection, ...]:
    """Return the sections of the card; `model` is None if a prediction file was evaluated."""
    entries = [
        ("Model", tuple(_model(evaluation, model))),
        *(
            [
                ("Calibration", tuple(calibration_lines(model))),
                ("Thresholds", tuple(threshold_lines(model))),
            ]
            if model
            else []
        ),
        ("Data", tuple(_data(evaluation))),
        ("Classes", tuple(_classes(evaluation))),
        ("Metrics", tuple(_metrics(evaluation))),
        ("Intended use", tuple(_intended_use(evaluation))),
        ("Limits", tuple(_limits(evaluation))),
        ("Versions", tuple(_versions(model))),
        ("Licence", (licence or (model.licence if model else None) or NOT_STATED,)),
    ]
    return tuple(entries)


def _model(evaluation: Evaluation, model: ModelInfo | None) -> Iterator[str]:
    if model is None:
        name = evaluation.subject.get("predictions", "unknown")
        yield f"Predictions of '{name}'; the model that made them is not known here."
        return
    name, size = evaluation.subject.get("model", "unknown"), model.preprocessing
    yield f"'{name}', {_origin(model)}"
    yield f"Input size {size.width} × {size.height} pixels ({size.resize})"


def _origin(model: ModelInfo) -> str:
    """Return what the network is: its backbone, or where it was imported from."""
    backbone = model.provenance.get("backbone")
    if backbone is None and model.source:
        named, origin = model.source.get("name", "unknown"), model.source.get("from")
        return f"imported from '{named}'" + (f" ({origin})" if origin else "")
    return f"backbone {backbone or 'unknown'}"


def _data(evaluation: Evaluation) -> Iterator[str]:
    yield describe_subject(evaluation)
    for name, value in evaluation.subject.items():
        yield f"{name}: {value}"


def _classes(evaluation: Evaluation) -> Iterator[str]:
    for name, found in evaluation.labels.items():
        yield f"{name}: {', '.join(found.classes)}"
    for name, several in evaluation.multi_label.items():
        yield f"{name}, several at once: {', '.join(several.classes)}"


def _metrics(evaluation: Evaluation) -> Iterator[str]:
    for label, found in evaluation.labels.items():
        scores = found.units["event"]
        accuracy, f1 = format_estimate(scores.top_1), format_estimate(scores.macro.f1)
        yield f"{label}, per event: accuracy {accuracy}, macro F1 {f1}"
    for label, several in evaluation.multi_label.items():
        multi_label = several.units["event"]
        exact, f1 = format_estimate(multi_label.exact), format_estimate(multi_label.macro.f1)
        yield f"{label}, per event: exact match {exact}, macro F1 {f1}"


def _intended_use(evaluation: Evaluation) -> Iterator[str]:
    labels = " and ".join((*evaluation.labels, *evaluation.multi_label))
    yield (
        f"Predicting {labels} in camera-trap photos like those it was trained on, so that fewer"
        " photos need review."
    )
    yield (
        "Not for decisions about people, nor for counts of rare species without review of each"
        " photo."
    )


def _limits(evaluation: Evaluation) -> Iterator[str]:
    yield (
        "It predicts its own classes only: an animal that it was not trained on gets the name of"
        " another."
    )
    yield (
        "The metrics hold for cameras, seasons and regions like those evaluated here; evaluate"
        " again elsewhere."
    )
    for label, found in evaluation.labels.items():
        rare = found.units["event"].rare.names
        if rare:
            yield f"Classes of {label} with few examples and uncertain metrics: {', '.join(rare)}"
    yield from evaluation.notes


def _versions(model: ModelInfo | None) -> Iterator[str]:
    yield f"Report: ctc {__version__}"
    for title, key in _VERSIONS:
        versions: Mapping[str, Any] = (model.provenance if model else {}).get(key, {})
        if versions:
            yield f"{title}: " + ", ".join(
                f"{name} {version}" for name, version in versions.items()
            )
