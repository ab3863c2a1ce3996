"""Boxes of a MegaDetector results file: https://lila.science/megadetector-output-format"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ctc.errors import InputError
from ctc.plugin import LeftOut

from .duplicates import resolve_duplicate
from .json_entry import JsonEntry
from .json_stream import read_document

ANIMAL = "animal"
TOLERANCE = 0.01
"""Largest excess of a box over the photo, in fractions of its sides; it is clipped there."""


class ScoredBox(NamedTuple):
    """Left, top, width, height in fractions of the photo's sides, and the confidence; all 0–1."""

    x: float
    y: float
    w: float
    h: float
    conf: float


class BoxIndex:
    """Best box of each category per file, stored as numbers: there may be millions of files.

    `normalize_path` maps a file's name in the results to its key here. Rows of `_boxes` are a
    category's number and a ScoredBox; those of file `n` are from `_starts[n]` to `_starts[n + 1]`.
    """

    def __init__(
        self, min_confidence: float, first_wins: bool, normalize_path: Callable[[str], str]
    ) -> None:
        self._min_confidence = min_confidence
        self._first_wins = first_wins
        self._normalize_path = normalize_path
        self._file_numbers: dict[str, int] = {}
        self._starts = array("q", [0])
        self._boxes = array("d")
        self._categories: dict[str, int] = {}
        self._animal_categories: set[int] = set()
        self._failures: dict[int, str] = {}
        self._used = bytearray()

    def read(self, source: Path) -> Iterator[LeftOut]:
        """Read the results; yields duplicate files.

        Raises CtcError when `source` is not a results file of version 1. Categories are resolved at
        the end: they may come last in the file.
        """
        names: dict[str, str] | None = None
        for key, value in read_document(source, ("images",)):
            left_out = self._add(value) if key == "images" else None
            if left_out is not None:
                yield left_out
            if key == "detection_categories":
                names = _category_names(source, value)
            elif key == "info":
                _check_version(source, value)
        if names is None:
            raise InputError(f"'{source}' has no 'detection_categories'")
        for category, number in self._categories.items():
            if category not in names:
                raise InputError(
                    f"'{source}' has detections of category '{category}', "
                    "which is not in 'detection_categories'"
                )
            if names[category] == ANIMAL:
                self._animal_categories.add(number)

    def __contains__(self, file: str) -> bool:
        return file in self._file_numbers

    def best(self, file: str) -> ScoredBox | None:
        """Return the most confident animal box of a file, else its most confident box, else None.

        The file then counts as used. Raises KeyError for a file that isn't there.
        """
        number = self._file_numbers[file]
        self._used[number] = True
        rows = self._file_boxes(number)
        return (
            max(rows, key=lambda row: (row[0] in self._animal_categories, row[1].conf))[1]
            if rows
            else None
        )

    def failures(self) -> Iterator[tuple[str, str]]:
        """Yield (file, MegaDetector's message) for the used files that it couldn't read."""
        files = list(self._file_numbers)
        return (
            (files[number], message)
            for number, message in self._failures.items()
            if self._used[number]
        )

    def unused(self) -> Iterator[str]:
        """Yield the files that were not used."""
        return (file for file, number in self._file_numbers.items() if not self._used[number])

    def any_used(self) -> bool:
        """Return whether any file was used."""
        return any(self._used)

    def _add(self, entry: JsonEntry) -> LeftOut | None:
        file, failure = self._normalize_path(entry.required_text("file")), entry.text("failure")
        rows = [] if failure else self._best_per_category(entry)
        known = self._file_numbers.get(file)
        if known is not None:
            same = (self._file_boxes(known), self._failures.get(known)) == (rows, failure)
            return resolve_duplicate(entry.where, "file", same, self._first_wins)
        number = self._file_numbers[file] = len(self._file_numbers)
        for category, box in rows:
            self._boxes.extend((category, *box))
        self._starts.append(self._starts[-1] + len(rows))
        self._used.append(False)
        if failure:
            self._failures[number] = failure
        return None

    def _best_per_category(self, entry: JsonEntry) -> list[tuple[int, ScoredBox]]:
        detections = entry.fields.get("detections")
        if not isinstance(detections, list) or not all(
            isinstance(detection, dict) for detection in detections
        ):
            raise entry.invalid_value(
                "detections", "a list of objects, unless there is a 'failure'"
            )
        best: dict[int, ScoredBox] = {}
        for position, detection in enumerate(detections):
            found = JsonEntry(f"{entry.where} detections[{position}]", detection)
            category = self._categories.setdefault(
                found.required_text("category"), len(self._categories)
            )
            box = _parse_box(found)
            usable = box.conf >= self._min_confidence and box.w > 0 and box.h > 0
            if usable and (category not in best or box.conf > best[category].conf):
                best[category] = box
        return list(best.items())

    def _file_boxes(self, number: int) -> list[tuple[int, ScoredBox]]:
        width = 1 + len(ScoredBox._fields)
        starts = range(self._starts[number] * width, self._starts[number + 1] * width, width)
        return [
            (int(self._boxes[at]), ScoredBox(*self._boxes[at + 1 : at + width])) for at in starts
        ]


def _parse_box(detection: JsonEntry) -> ScoredBox:
    confidence, (x, y, w, h) = detection.number("conf"), detection.numbers("bbox", 4)
    if confidence is None or not 0 <= confidence <= 1:
        raise detection.invalid_value("conf", "a number from 0 to 1")
    if min(x, y) < -TOLERANCE or min(w, h) < 0 or max(x + w, y + h) > 1 + TOLERANCE:
        raise detection.invalid_value(
            "bbox", "[x, y, width, height] in fractions of the photo's sides, 0–1,"
        )
    left, top = max(x, 0), max(y, 0)
    return ScoredBox(left, top, min(x + w, 1) - left, min(y + h, 1) - top, confidence)


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
