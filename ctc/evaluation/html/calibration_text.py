"""Sentences of the model card on calibration and thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.threshold_promise import ThresholdPromise
from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.evaluation.html.formatting import format_percent
from ctc.inference.own_thresholds import THRESHOLDS
from ctc.reporting import counted


def calibration_lines(model: ModelInfo) -> Iterator[str]:
    """Yield a sentence per label on its calibration."""
    for label in model.labels:
        found = model.calibration.get(label)
        text = (
            _describe_calibration(found)
            if found
            else "not calibrated; the probabilities are those of the network."
        )
        yield f"{label}: {text}"


def threshold_lines(model: ModelInfo) -> Iterator[str]:
    """Yield a sentence per label on its confidence thresholds."""
    for label, classes in model.labels.items():
        values = model.thresholds.get(label)
        if values:
            thresholds = _describe_thresholds({name: values.get(name, 0.0) for name in classes})
            rest = (
                "Classes below their threshold are not predicted."
                if label in model.multi_label
                else "Predictions below the threshold are “unknown” and need review."
            )
            yield f"{label}: {thresholds}. {rest}{_promise(model, label)}"
        elif label in model.multi_label:
            usual = format_percent(PRESENCE_THRESHOLD)
            yield f"{label}: none; each class counts as present from a probability of {usual}."
        else:
            yield f"{label}: none; the most probable class is predicted, whatever its probability."


def _promise(model: ModelInfo, label: str) -> str:
    """Return what the thresholds promise and for whom, as a sentence; '' if they don't."""
    promises = [ThresholdPromise.from_json(one) for one in model.promises.get(THRESHOLDS, ())]
    chosen = [one for one in promises if one.label == label and one.made_for.unit == "event"]
    if not chosen:
        return ""
    one = chosen[0]
    each = "all classes at once" if one.joint else "each class"
    return (
        f" Promised for {one.scope}, with {format_percent(one.confidence)} confidence for {each}:"
        f" at least {format_percent(one.precision)} of the accepted answers are right, for events"
        f" with {one.made_for.describe()}."
    )


def _describe_calibration(found: Mapping[str, Any]) -> str:
    if found["method"] != "temperature":
        return f"calibrated with a scale and a bias for each class{_fit_size(found)}."
    temperature = found["temperature"]
    was, extremes = ("overconfident", "less") if temperature > 1 else ("underconfident", "more")
    return (
        f"calibrated with the temperature {temperature:.2f}{_fit_size(found)}. The network was"
        f" {was}: calibration makes its probabilities {extremes} extreme, and does not change the"
        " most probable class."
    )


def _fit_size(found: Mapping[str, Any]) -> str:
    return f", fitted to {counted(found['events'], 'event')}" if "events" in found else ""


def _describe_thresholds(values: Mapping[str, float | None]) -> str:
    accepted = [
        f"{name} from {format_percent(value, 1)}"
        for name, value in values.items()
        if value is not None
    ]
    never = [name for name, value in values.items() if value is None]
    parts = [f"accepted: {', '.join(accepted)}"] * bool(accepted) + [
        f"never accepted: {', '.join(never)}"
    ] * bool(never)
    return "; ".join(parts)
