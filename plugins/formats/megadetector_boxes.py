"""Boxes of a MegaDetector results file: https://lila.science/megadetector-output-format"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ctc.artifacts.boxes import Box
from ctc.artifacts.repeats import RepeatList
from ctc.errors import InputError
from ctc.images.clips.names import frame_number, split_frame_path
from ctc.images.listing.photo_paths import normalize_path
from ctc.plugin import LeftOut

from .duplicates import resolve_duplicate
from .json_entry import EntryError, JsonEntry
from .json_stream import read_document

ANIMAL = "animal"
TOLERANCE = 0.1
"""Largest excess of a box over the photo, in fractions of its sides; it is clipped there."""
CONFIDENCE_TOLERANCE = 0.001
REPEAT = "a box that comes back: it is set aside"
RETRIED = "MegaDetector failed on it once, and not on another try, which counts"


class ScoredBox(NamedTuple):
    """Left, top, width, height in fractions of the photo's sides, and the confidence; all 0–1."""

    x: float
    y: float
    w: float
    h: float
    conf: float


class BoxIndex:
    """The boxes of each file, stored as numbers: there may be millions of files.

    `repeats`: a list, whose boxes are left out. `normalize_path` maps a file's name in the results
    to its key here. Rows of `_boxes` are a category's number and a ScoredBox; those of result `n`
    are from `_starts[n]` to `_starts[n + 1]`. `_results`: the number of the result that counts for
    each file.
    """

    def __init__(
        self,
        min_confidence: float,
        first_wins: bool,
        normalize_path: Callable[[str], str],
        repeats: RepeatList | None = None,
    ) -> None:
        self._min_confidence = min_confidence
        self._first_wins = first_wins
        self._normalize_path = normalize_path
        self._repeats = repeats
        self._results: dict[str, int] = {}
        self._starts = array("q", [0])
        self._boxes = array("d")
        self._categories: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._animal_categories: set[int] = set()
        self._unlisted_categories: set[int] = set()
        self._failures: dict[int, str] = {}
        self._frame_rates: dict[str, float] = {}
        self._used = bytearray()
        self.first_problem = ""
        """Why the first file that can't be used can't, or ''."""

    def read(self, source: Path) -> Iterator[LeftOut]:
        """Read the results; yields duplicate files, and files and detections that can't be used.

        Raises CtcError when `source` is not a results file of version 1. Categories are resolved at
        the end: they may come last in the file.
        """
        names: dict[str, str] | None = None
        for key, value in read_document(source, ("images",)):
            if key == "images":
                yield from self._add_entry(value)
            elif key == "detection_categories":
                names = _category_names(source, value)
            elif key == "info":
                _check_version(source, value)
        if names is None:
            raise InputError(f"'{source}' has no 'detection_categories'")
        for category, number in self._categories.items():
            self._names[number] = names.get(category, category)
            if category not in names:
                self._unlisted_categories.add(number)
                yield LeftOut(f"category '{category}'", "its boxes: not in 'detection_categories'")
            elif names[category] == ANIMAL:
                self._animal_categories.add(number)

    def key(self, file: str) -> str:
        """Return the name under which a photo or a frame ('clip.mp4#t=3.2') is here."""
        frame = split_frame_path(file)
        if frame is None or file in self._results:
            return file
        rate = self._frame_rates.get(frame.clip)
        return frame.clip if rate is None else _frame_key(frame.clip, frame_number(frame[1], rate))

    def __contains__(self, file: str) -> bool:
        return file in self._results

    def best(self, file: str) -> ScoredBox | None:
        """Return the most confident animal box of a file, else its most confident box, else None.

        The file then counts as used. Raises KeyError for a file that isn't there.
        """
        number = self._results[file]
        self._used[number] = True
        rows = [row for row in self._file_boxes(number) if row[0] not in self._unlisted_categories]
        return (
            max(rows, key=lambda row: (row[0] in self._animal_categories, row[1].conf))[1]
            if rows
            else None
        )

    def all(self, file: str) -> list[tuple[str, ScoredBox]]:
        """Return all boxes of a file with the names of their categories, the surest first.

        Raises KeyError for a file that isn't there.
        """
        rows = [
            (self._names[number], box)
            for number, box in self._file_boxes(self._results[file])
            if number not in self._unlisted_categories
        ]
        return sorted(rows, key=lambda row: -row[1].conf)

    def failures(self) -> Iterator[tuple[str, str]]:
        """Yield (file, MegaDetector's message) for the used files that it couldn't read."""
        return (
            (file, self._failures[number])
            for file, number in self._results.items()
            if number in self._failures and self._used[number]
        )

    def unused(self) -> Iterator[str]:
        """Yield the files that were not used."""
        return (file for file, number in self._results.items() if not self._used[number])

    def any_used(self) -> bool:
        """Return whether any file was used."""
        return any(self._used)

    def _add_entry(self, entry: JsonEntry) -> Iterator[LeftOut]:
        try:
            name, failure = entry.required_text("file"), entry.text("failure")
            file = self._normalize_path(name)
            detections = [] if failure else _detections(entry)
            frames = _frames(entry, detections) if _is_video(entry) and not failure else None
        except EntryError as error:
            self.first_problem = self.first_problem or str(error)
            yield error.to_left_out()
            return
        if frames is None:
            yield from self._add_photo(entry, file, name, detections, failure)
            return
        self._frame_rates[file] = entry.number("frame_rate") or 1.0
        for number, found in frames.items():
            yield from self._add_photo(entry, _frame_key(file, number), name, found, None)

    def _add_photo(
        self,
        entry: JsonEntry,
        file: str,
        name: str,
        detections: list[JsonEntry],
        failure: str | None,
    ) -> Iterator[LeftOut]:
        rows: list[tuple[int, ScoredBox]] = []
        for detection in detections:
            try:
                box = self._keep(detection, rows)
                if box is not None and self._is_repeat(detection, name, box):
                    rows.pop()
                    yield LeftOut(detection.where, REPEAT)
            except EntryError as error:
                yield error.to_left_out()
        left_out = self._add(entry.where, file, rows, failure)
        if left_out is not None:
            yield left_out

    def _add(
        self, where: str, file: str, rows: list[tuple[int, ScoredBox]], failure: str | None
    ) -> LeftOut | None:
        known = self._results.get(file)
        left_out = None
        if known is not None:
            failed = self._failures.get(known)
            if failure and failed:
                return LeftOut(where, "the same file again: MegaDetector failed on it twice")
            if failure:
                return LeftOut(where, RETRIED)
            if not failed:
                same = self._file_boxes(known) == rows
                return resolve_duplicate(where, "file", same, self._first_wins)
            left_out = LeftOut(where, RETRIED)
        number = self._results[file] = len(self._used)
        for category, box in rows:
            self._boxes.extend((category, *box))
        self._starts.append(self._starts[-1] + len(rows))
        self._used.append(False)
        if failure:
            self._failures[number] = failure
        return left_out

    def _keep(self, detection: JsonEntry, rows: list[tuple[int, ScoredBox]]) -> ScoredBox | None:
        """Append a detection to `rows` and return its box, if it is sure enough."""
        category = detection.required_text("category")
        box = _parse_box(detection, self._min_confidence)
        if box is not None:
            rows.append((self._categories.setdefault(category, len(self._categories)), box))
        return box

    def _is_repeat(self, detection: JsonEntry, file: str, box: ScoredBox) -> bool:
        """Return whether a box is marked as a repeat, or at a place of the list; `file`: its name
        in the results."""
        if detection.fields.get("repeat") is True:
            return True
        place = Box(box.x, box.y, box.w, box.h)
        return self._repeats is not None and self._repeats.covers(normalize_path(file), place)

    def _file_boxes(self, number: int) -> list[tuple[int, ScoredBox]]:
        width = 1 + len(ScoredBox._fields)
        starts = range(self._starts[number] * width, self._starts[number + 1] * width, width)
        return [
            (int(self._boxes[at]), ScoredBox(*self._boxes[at + 1 : at + width])) for at in starts
        ]


def _is_video(entry: JsonEntry) -> bool:
    """Return whether an entry is that of a video, whose detections have numbers of frames."""
    return "frame_rate" in entry.fields


def _frames(entry: JsonEntry, detections: list[JsonEntry]) -> dict[int, list[JsonEntry]]:
    """Return the detections of each frame of a video that was looked at, by its number."""
    if (entry.number("frame_rate") or 0) <= 0:
        raise entry.invalid_value("frame_rate", "a number above 0")
    processed = entry.fields.get("frames_processed") or []
    if not isinstance(processed, list) or not all(type(one) is int for one in processed):
        raise entry.invalid_value("frames_processed", "a list of whole numbers")
    frames: dict[int, list[JsonEntry]] = {number: [] for number in processed}
    for detection in detections:
        number = detection.number("frame_number")
        if number is None:
            raise detection.invalid_value("frame_number", "the number of a frame")
        frames.setdefault(int(number), []).append(detection)
    return frames


def _frame_key(clip: str, number: int) -> str:
    return f"{clip}#frame={number}"


def _detections(entry: JsonEntry) -> list[JsonEntry]:
    detections = entry.fields.get("detections")
    if detections is None:
        reason = "neither 'detections' nor 'failure'"
        raise EntryError(entry.where, f"{entry.where} has {reason}", f"it has {reason}")
    if not isinstance(detections, list):
        raise entry.invalid_value("detections", "a list of objects, unless there is a 'failure'")
    return [
        JsonEntry(
            f"{entry.where} detections[{position}]",
            detection if isinstance(detection, dict) else {},
        )
        for position, detection in enumerate(detections)
    ]


def _parse_box(detection: JsonEntry, min_confidence: float) -> ScoredBox | None:
    """Return the box, clipped to the photo; None if its confidence is too low.

    Raises EntryError for one that is none.
    """
    confidence = detection.number("conf")
    if confidence is None or not -CONFIDENCE_TOLERANCE <= confidence <= 1 + CONFIDENCE_TOLERANCE:
        raise detection.invalid_value("conf", "a number from 0 to 1")
    confidence = min(max(confidence, 0.0), 1.0)
    if confidence < min_confidence:
        return None
    x, y, w, h = detection.numbers("bbox", 4)
    if min(x, y) < -TOLERANCE or min(w, h) < 0 or max(x + w, y + h) > 1 + TOLERANCE:
        raise detection.invalid_value(
            "bbox", "[x, y, width, height] in fractions of the photo's sides, 0–1"
        )
    left, top = max(x, 0), max(y, 0)
    width, height = min(x + w, 1) - left, min(y + h, 1) - top
    if min(width, height) <= 0:
        raise detection.invalid_value("bbox", "a box within the photo that has an area")
    return ScoredBox(left, top, width, height, confidence)


def _category_names(source: Path, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise InputError(
            f"'{source}': 'detection_categories' must be an object of names, "
            f'such as {{"1": "{ANIMAL}"}}'
        )
    return {category: name.strip().lower() for category, name in value.items()}


def _check_version(source: Path, info: Any) -> None:
    """Raise InputError for another format version than 1.x; a missing one is accepted."""
    if not isinstance(info, dict):
        raise InputError(f"'{source}': 'info' must be an object")
    version = info.get("format_version")
    if version is not None and not re.fullmatch(r"1(\.\d+)*", str(version)):
        raise InputError(
            f"'{source}' has MegaDetector's format version {str(version)[:20]!r}, ctc reads 1.x"
        )
