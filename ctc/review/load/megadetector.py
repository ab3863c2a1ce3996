"""MegaDetector's batch output, as `ctc detect` and others write it: boxes, perhaps with classes.

Format: https://lila.science/megadetector-output-format. Every photo is an event, and so is every
video, whose frames are its photos. An event has one label: its classes are those of the boxes, or
the detector's categories, and `empty`. A class has the highest confidence of its boxes, times its
own probability where the file has classes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.errors import InputError, describe_damage, reason
from ctc.images.clips.names import frame_path
from ctc.review.load.drafts import Drafts, EventDraft

LABEL, EMPTY = "species", "empty"
THRESHOLD = 0.2
"""Confidence below which a box counts as none, where the file does not state one."""


def is_megadetector(path: Path) -> bool:
    """Return whether the file begins like MegaDetector's output, not like that of 2.x."""
    with path.open("rb") as file:
        start = file.read(4096)
    return any(name in start for name in (b'"detection_categories"', b'"images"', b'"info"')) and (
        b'"predictions_top"' not in start
    )


def read_megadetector(path: Path) -> Drafts:
    """Read the file; raises InputError if it is not MegaDetector's output."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            document = json.load(file)
        return _drafts(document)
    except OSError as error:
        raise InputError(f"it can't be read: {reason(error)}") from None
    except RecursionError:
        raise InputError("it is nested too deep") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"it is not MegaDetector's output: {describe_damage(error)}") from None


def _drafts(document: Mapping[str, Any]) -> Drafts:
    drafts = Drafts()
    categories: dict[str, str] = document["detection_categories"]
    classes: dict[str, str] = document.get("classification_categories", {})
    settings = document.get("info", {}).get("detector_metadata", {})
    threshold = float(settings.get("typical_detection_threshold", THRESHOLD))
    names = _class_names(categories, classes)
    for entry in document["images"]:
        if entry.get("detections") is None:
            drafts.failed += 1
            continue
        number, event, is_new = drafts.event(entry["file"])
        if not is_new:
            raise InputError(f"photo '{entry['file']}' is there twice")
        event.time = _iso_time(entry.get("datetime"))
        found = [one for one in entry["detections"] if not one.get("repeat")]
        _add_photos(event, entry, found, lambda one: _box(one, categories, classes))
        scores = dict.fromkeys(names, 0.0)
        for name, score in _scores(found, categories, classes):
            scores[name] = max(scores[name], score)
        confidence = max((float(one["conf"]) for one in found), default=0.0)
        scores[EMPTY] = 1 - confidence
        best = max((name for name in names if name != EMPTY), key=scores.__getitem__, default=EMPTY)
        answer = event.label(LABEL)
        answer.answer = best if confidence >= threshold else EMPTY
        answer.confidence = scores[answer.answer]
        drafts.add(drafts.of_events, number, LABEL, tuple(scores), list(scores.values()))
    return drafts


def _add_photos(
    event: EventDraft,
    entry: Mapping[str, Any],
    found: list[Mapping[str, Any]],
    box: Callable[[Mapping[str, Any]], LabelledBox],
) -> None:
    """Add the photo of an entry, or the frames that were looked at, with their boxes."""
    file, rate = entry["file"], entry.get("frame_rate")
    if not rate:
        photo = event.photo(file)
        photo.taken, photo.boxes = event.time, [box(one) for one in found]
        return
    looked_at = entry.get("frames_processed") or ()
    for number in sorted({*looked_at, *(one["frame_number"] for one in found)} or {0}):
        seconds = number / float(rate)
        photo = event.photo(frame_path(file, seconds))
        photo.taken = _later(event.time, seconds)
        photo.boxes = [box(one) for one in found if one["frame_number"] == number]


def _later(time: str, seconds: float) -> str:
    """Return a time and so many seconds, to the second; '' for no time."""
    if not time:
        return ""
    moment = datetime.fromisoformat(time) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="seconds")


def _class_names(categories: Mapping[str, str], classes: Mapping[str, str]) -> list[str]:
    """Return the names that a photo may be called."""
    return list(dict.fromkeys((*classes.values(), *categories.values(), EMPTY)))


def _scores(
    found: list[Mapping[str, Any]], categories: Mapping[str, str], classes: Mapping[str, str]
) -> Iterator[tuple[str, float]]:
    for one in found:
        confidence = float(one["conf"])
        ranked = one.get("classifications") or ()
        if not ranked:
            yield categories[one["category"]], confidence
        for number, probability in ranked:
            yield classes[number], confidence * float(probability)


def _box(
    one: Mapping[str, Any], categories: Mapping[str, str], classes: Mapping[str, str]
) -> LabelledBox:
    left, top, width, height = map(float, one["bbox"])
    ranked = one.get("classifications")
    labels = {LABEL: classes[ranked[0][0]]} if ranked else {}
    box = Box(left, top, width, height, confidence=float(one["conf"]))
    return LabelledBox(box, categories[one["category"]], labels)


def _iso_time(text: Any) -> str:
    """Return EXIF's `2025:06:01 12:30:00` as ISO 8601, '' for anything else."""
    try:
        date, _, time = text[:19].replace("T", " ").partition(" ")
        return datetime.fromisoformat(f"{date.replace(':', '-')}T{time}").isoformat()
    except (TypeError, ValueError):
        return ""
