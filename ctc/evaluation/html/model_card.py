"""The model card (Mitchell et al. 2019, https://arxiv.org/abs/1810.03993): what the model is, what
it is for, and what it can't do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ctc._version import __version__
from ctc.artifacts.model_file import ModelInfo
from ctc.evaluation.html.calibration_text import calibration_lines, threshold_lines
from ctc.evaluation.html.formatting import format_estimate
from ctc.evaluation.html.summary import describe_subject
from ctc.evaluation.metrics.evaluation import Evaluation

NOT_STATED = "Not stated. Who passes the model on should say under which licence."

CardSection = tuple[str, tuple[str, ...]]
"""A heading and its lines."""


def model_card(
    evaluation: Evaluation, model: ModelInfo | None, licence: str | None
) -> tuple[CardSection, ...]:
    """`model` is None when a prediction file was evaluated."""
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
        ("Figures", tuple(_figures(evaluation))),
        ("Intended use", tuple(_intended_use(evaluation))),
        ("Limits", tuple(_limits(evaluation))),
        ("Versions", tuple(_versions(model))),
        ("Licence", (licence or NOT_STATED,)),
    ]
    return tuple(entries)


def _model(evaluation: Evaluation, model: ModelInfo | None) -> Iterator[str]:
    if model is None:
        yield f"Predictions of '{evaluation.subject.get('predictions', 'unknown')}'; the model behind them is not known here."
        return
    made, size = model.provenance, model.preprocessing
    yield f"'{evaluation.subject.get('model', 'unknown')}', backbone {made.get('backbone', 'unknown')}"
    yield f"Takes photos of {size.width} × {size.height} pixels ({size.resize})"


def _data(evaluation: Evaluation) -> Iterator[str]:
    yield describe_subject(evaluation)
    for name, value in evaluation.subject.items():
        yield f"{name}: {value}"


def _classes(evaluation: Evaluation) -> Iterator[str]:
    for name, found in evaluation.labels.items():
        yield f"{name}: {', '.join(found.classes)}"
    for name, several in evaluation.multi_label.items():
        yield f"{name}, several at once: {', '.join(several.classes)}"


def _figures(evaluation: Evaluation) -> Iterator[str]:
    for label, found in evaluation.labels.items():
        scores = found.units["event"]
        yield f"{label}, per event: right {format_estimate(scores.top_1)}, macro F1 {format_estimate(scores.macro.f1)}"
    for label, several in evaluation.multi_label.items():
        sets = several.units["event"]
        yield f"{label}, per event: exactly right {format_estimate(sets.exact)}, macro F1 {format_estimate(sets.macro.f1)}"


def _intended_use(evaluation: Evaluation) -> Iterator[str]:
    labels = " and ".join((*evaluation.labels, *evaluation.multi_label))
    yield f"Proposing {labels} for photos of camera traps like those it learnt from, so that a person looks at fewer of them."
    yield "Not for decisions about people, nor for counts of a rare species without a look at each photo."


def _limits(evaluation: Evaluation) -> Iterator[str]:
    yield "It answers with its own classes only: an animal that it never learnt gets the name of another."
    yield "The figures hold for cameras, seasons and regions like those evaluated here; elsewhere, evaluate again."
    for label, found in evaluation.labels.items():
        rare = found.units["event"].rare.names
        if rare:
            yield f"Classes of {label} with few examples, whose figures are uncertain: {', '.join(rare)}"
    yield from evaluation.notes


def _versions(model: ModelInfo | None) -> Iterator[str]:
    yield f"Report: ctc {__version__}"
    for title, key in (("Trained", "trained_with"), ("Exported", "exported_with")):
        versions: Mapping[str, Any] = (model.provenance if model else {}).get(key, {})
        if versions:
            yield f"{title}: " + ", ".join(
                f"{name} {version}" for name, version in versions.items()
            )
