"""MegaDetector's batch output, of `ctc detect` and others: boxes, perhaps with classes.

Format: https://lila.science/megadetector-output-format. A photo has the classes of its boxes that
are sure enough, or the detector's categories, and `empty` without such a box.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.errors import InputError, describe_damage, reason
from ctc.images.clips.names import file_of
from ctc.tagging.records import Answer, Finding

LABEL, EMPTY = "species", "empty"
THRESHOLD = 0.2
"""Confidence below which a box counts as none, where the file does not state one."""

_Names = Mapping[str, str]


def read_megadetector(path: Path) -> Iterator[Finding]:
    """Yield every photo; raises InputError if it is not MegaDetector's output."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            document = json.load(file)
        yield from _findings(document)
    except OSError as error:
        raise InputError(f"it can't be read: {reason(error)}") from None
    except RecursionError:
        raise InputError("it is nested too deep") from None
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise InputError(f"it is not MegaDetector's output: {describe_damage(error)}") from None


def _findings(document: Mapping[str, Any]) -> list[Finding]:
    categories: _Names = document["detection_categories"]
    classes: _Names = document.get("classification_categories", {})
    about = document.get("info", {}).get("detector_metadata", {})
    threshold = float(about.get("typical_detection_threshold", THRESHOLD))
    found = []
    for entry in document["images"]:
        file, detections = file_of(str(entry["file"]).replace("\\", "/")), entry.get("detections")
        if detections is None:
            found.append(Finding(file, (), has_failed=True))
            continue
        answers = tuple(_answers(detections, categories, classes, threshold))
        boxes = tuple(_box(one, categories, classes) for one in detections)
        found.append(Finding(file, answers, boxes))
    return found


def _answers(
    detections: list[Mapping[str, Any]], categories: _Names, classes: _Names, threshold: float
) -> Iterator[Answer]:
    sure = [one for one in detections if float(one["conf"]) >= threshold and not one.get("repeat")]
    for one in sure:
        name, probability = _name(one, categories, classes)
        yield Answer(LABEL, name, float(one["conf"]) * probability)
    if not sure:
        yield Answer(LABEL, EMPTY, 1 - max((float(one["conf"]) for one in detections), default=0))


def _name(one: Mapping[str, Any], categories: _Names, classes: _Names) -> tuple[str, float]:
    """Return the class of a box and its probability: the first, or the category."""
    ranked = one.get("classifications")
    if ranked:
        return classes[ranked[0][0]], float(ranked[0][1])
    return categories[one["category"]], 1.0


def _box(one: Mapping[str, Any], categories: _Names, classes: _Names) -> LabelledBox:
    left, top, width, height = map(float, one["bbox"])
    box = Box(left, top, width, height, confidence=float(one["conf"]))
    labels = {LABEL: _name(one, categories, classes)[0]}
    return LabelledBox(box, categories[one["category"]], labels)
