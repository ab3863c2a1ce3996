"""Reading of any file with predictions that a review can begin with."""

from __future__ import annotations

from pathlib import Path

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.errors import InputError, UsageError
from ctc.evaluation.answers.prediction_file import MEGADETECTOR
from ctc.review.load.drafts import Drafts, EventDraft
from ctc.review.load.json_file import read_json
from ctc.review.load.megadetector import is_megadetector, read_megadetector
from ctc.review.load.table_rows import read_table


def read_drafts(path: Path, location: str) -> Drafts:
    """Read predictions: a table (CSV, Parquet), JSON, or MegaDetector's output.

    `location` is the name of the column with the place of an event. Raises CtcError if the file
    can't be read, or has no event.
    """
    try:
        drafts = _read(path, location)
    except InputError as error:
        raise InputError(f"'{path}': {error}") from None
    if not drafts.events:
        raise InputError(f"'{path}': there is no prediction")
    for event in drafts.events:
        _complete(event)
    return drafts


def _complete(event: EventDraft) -> None:
    """Take place and time from the photos if the event has none: camera's folder, earliest."""
    first = next(iter(event.photos), "")
    event.place = event.place or camera_folder(first.replace("\\", "/").rpartition("/")[0])
    times = sorted(photo.taken for photo in event.photos.values() if photo.taken)
    event.time = _iso(event.time or next(iter(times), ""))


def _iso(text: str) -> str:
    return f"{text[:10]}T{text[11:]}" if text[10:11] == " " else text


def _read(path: Path, location: str) -> Drafts:
    name = path.name.lower()
    if not name.endswith(".json"):
        return read_table(path, location)
    if not path.is_file():
        raise UsageError(f"prediction file '{path}' does not exist: make one with `ctc predict`")
    if name.endswith(MEGADETECTOR) or is_megadetector(path):
        return read_megadetector(path)
    return read_json(path, location)
