"""Surveys of inventories, whose answers are a person's, also those of `ctc review export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctc.artifacts.arrow_columns import DATETIME
from ctc.artifacts.inventory import EVENT_ID, IMAGES, MOST_IN_A_PHOTO, Inventory
from ctc.ecology.config import CAMERA, SummaryConfig
from ctc.ecology.readers.labelled import LabelledEvent, to_survey
from ctc.ecology.survey import Survey
from ctc.errors import InputError

COUNT = "count"
"""Label with the individuals of an observation."""
REVIEWED_BY = "reviewed_by"
"""Column of `ctc review export` with those who answered."""
_MOST_DIGITS = 9


def read_inventory_survey(path: Path, config: SummaryConfig) -> Survey:
    """Read the observations of an inventory.

    Raises CtcError if it can't be read, or has no locations or no such label.
    """
    inventory = Inventory.read(path)
    label = config.label or (inventory.labels[0] if inventory.labels else "species")
    inventory.check_label(label)
    if config.location not in inventory.meta:
        raise InputError(
            f"'{path}' has no column '{config.location}': name the column that says where cameras"
            " stood with --location"
        )
    if config.camera != CAMERA and config.camera not in inventory.meta:
        raise InputError(f"'{path}' has no column '{config.camera}', as --camera names")
    wanted = {label, COUNT, EVENT_ID, IMAGES, DATETIME, "latitude", "longitude"}
    wanted |= {MOST_IN_A_PHOTO} if label == inventory.labels[0] else set()
    wanted |= {config.location, config.camera, REVIEWED_BY}
    names = [name for name in inventory.table.column_names if name in wanted]
    events: dict[str, LabelledEvent] = {}
    for batch in inventory.table.select(names).to_batches(100_000):
        for row in batch.to_pylist():
            _add(events, row, label, config)
    return to_survey(list(events.values()))


def _add(
    events: dict[str, LabelledEvent], row: dict[str, Any], label: str, config: SummaryConfig
) -> None:
    event = events.get(row[EVENT_ID])
    if event is None:
        event = events[row[EVENT_ID]] = LabelledEvent(
            row[EVENT_ID],
            _text(row[config.location]),
            _text(row.get(config.camera)),
            _text(row.get(DATETIME)),
            parse_degrees(_first(row.get("latitude"))),
            parse_degrees(_first(row.get("longitude"))),
            identified_by=_text(row.get(REVIEWED_BY)),
        )
    event.photos.update(zip(row[IMAGES], _per_photo(row.get(DATETIME), row[IMAGES]), strict=True))
    name = row[label]
    if name is not None:
        count = parse_whole(row.get(COUNT) if label != COUNT else None)
        most = row.get(MOST_IN_A_PHOTO)
        event.species[name] = event.species.get(name, 0) + count if most is None else int(most)


def _per_photo(value: Any, photos: Sequence[str]) -> Sequence[str]:
    """Return a value for each photo, '' where it is not known."""
    if not isinstance(value, list | tuple):
        return [_text(value)] + [""] * (len(photos) - 1)
    return [_text(one) for one in value]


def _first(value: Any) -> Any:
    """Return a value, or the first that is known of a list with one for each photo."""
    if isinstance(value, list | tuple):
        return next((one for one in value if one is not None), None)
    return value


def _text(value: Any) -> str:
    found = _first(value)
    return "" if found is None else str(found)


def parse_whole(value: Any) -> int:
    """Return the whole number that a text begins with, 0 without one, and for one too large."""
    digits = ""
    for letter in str(value or ""):
        if not letter.isdecimal():
            break
        digits += letter
    return int(digits or 0) if len(digits) <= _MOST_DIGITS else 0


def parse_degrees(value: Any) -> float:
    """Return a number, NaN if it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
