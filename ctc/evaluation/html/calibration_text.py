"""What a model card says of calibration and of thresholds, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.evaluation.html.formatting import format_percent


def calibration_lines(model: ModelInfo) -> Iterator[str]:
    """Label by label: whether the probabilities were corrected, and how."""
    for label in model.labels:
        found = model.calibration.get(label)
        yield f"{label}: {_describe_calibration(found) if found else 'not calibrated; its probabilities are as the network gives them.'}"


def threshold_lines(model: ModelInfo) -> Iterator[str]:
    """Label by label: from which probability on an answer is believed."""
    for label, classes in model.labels.items():
        values = model.thresholds.get(label)
        if values:
            rest = (
                "is not told"
                if label in model.multi_label
                else "is “unknown”, and a person looks at it"
            )
            yield f"{label}: {_describe_thresholds({name: values.get(name, 0.0) for name in classes})}. What is below {rest}."
        elif label in model.multi_label:
            yield f"{label}: none of its own; each class counts as present from {format_percent(PRESENCE_THRESHOLD)} on."
        else:
            yield f"{label}: none; the most probable class is the answer, however unsure."


def _describe_calibration(found: Mapping[str, Any]) -> str:
    if found["method"] != "temperature":
        return f"calibrated with a scale and a bias for each class{_fit_size(found)}."
    temperature = found["temperature"]
    was, became = (
        ("too sure of itself", "evened out")
        if temperature > 1
        else ("not sure enough", "sharpened")
    )
    return (
        f"calibrated with the temperature {temperature:.2f}{_fit_size(found)}. The network was {was}: its probabilities are {became}, "
        "and the most probable class stays the same."
    )


def _fit_size(found: Mapping[str, Any]) -> str:
    return f", fitted to {found['events']:,} events" if "events" in found else ""


def _describe_thresholds(values: Mapping[str, float | None]) -> str:
    told = [
        f"{name} from {format_percent(value, 1)}"
        for name, value in values.items()
        if value is not None
    ]
    never = [name for name, value in values.items() if value is None]
    parts = [f"believed are {', '.join(told)}"] * bool(told) + [
        f"never believed are {', '.join(never)}"
    ] * bool(never)
    return "; ".join(parts)
