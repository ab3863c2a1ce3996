"""Typed access to one object of a JSON document, with errors that say where it is."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from ctc.errors import InputError
from ctc.plugin import LeftOut

MAX_SHOWN = 60
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


class EntryError(InputError):
    """One object of a document can't be used; others may be sound.

    `where` is the object, `reason` why, beginning with a word for the object.
    """

    def __init__(self, where: str, message: str, reason: str) -> None:
        super().__init__(message)
        self.where = where
        self.reason = reason

    def to_left_out(self) -> LeftOut:
        """Return the entry for what was left out of an inventory."""
        return LeftOut(self.where, self.reason)


@dataclass(frozen=True, slots=True)
class JsonEntry:
    """One object of a document; `where` names it in errors: `'labels.json' images[3]`.

    Methods raise EntryError for a value that is missing or of another kind.
    """

    where: str
    fields: dict[str, Any]

    def required_text(self, key: str) -> str:
        """Return the text under `key`, which must be there; whole numbers become text."""
        text = self.text(key)
        if text is None:
            raise EntryError(self.where, f"{self.where} has no '{key}'", f"it has no '{key}'")
        return text

    def text(self, key: str, decimals: bool = False) -> str | None:
        """Return the text under `key`, None where it is missing or blank.

        Whole numbers become text, 7.0 as "7"; others only with `decimals`.
        """
        value = self.fields.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int | (float if decimals else int)) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.invalid_value(key, "text or a whole number")
        if not value.isascii() and not _is_encodable(value):
            raise self.invalid_value(key, "text that can be encoded as UTF-8")
        return value if value.strip() else None

    def number(self, key: str) -> float | None:
        """Return the number under `key`, also one in quotes; None where it is missing."""
        value = self.fields.get(key)
        number = _parse_number(value) if isinstance(value, str) else value
        if number is not None and not _is_number(number):
            raise self.invalid_value(key, "a number")
        return number

    def flag(self, key: str) -> bool:
        """Return the boolean under `key`, also in words; False where it is missing."""
        value = self.fields.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        found = _FLAGS.get(str(value).strip().lower())
        if found is None:
            raise self.invalid_value(key, "true or false")
        return found

    def numbers(self, key: str, count: int) -> list[float]:
        """Return the list of `count` numbers under `key`."""
        values = self.fields.get(key)
        if not isinstance(values, list) or len(values) != count or not all(map(_is_number, values)):
            raise self.invalid_value(key, f"a list of {count} numbers")
        return values

    def invalid_value(self, key: str, expected: str) -> EntryError:
        """Return the error for a value of the wrong type or range."""
        value = self.fields.get(key)
        found = "an object" if isinstance(value, dict) else json.dumps(value)
        if isinstance(value, list) and not all(map(_is_number, value)):
            found = "a list"
        shown = found if len(found) <= MAX_SHOWN else found[:MAX_SHOWN] + "…"
        problem = f"'{key}' must be {expected}, not {shown}"
        return EntryError(self.where, f"{self.where}: {problem}", f"its {problem}")


def _parse_number(text: str) -> Any:
    """Return the number in a text, None for a blank text, the text itself if it is none."""
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
