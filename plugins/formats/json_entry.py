"""Typed access to one object of a JSON document, with errors that say where it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ctc.errors import InputError


@dataclass(frozen=True, slots=True)
class JsonEntry:
    """One object of a document; `where` names it in errors: `'labels.json' images[3]`."""

    where: str
    fields: dict[str, Any]

    def required_text(self, key: str) -> str:
        """Return the text under `key`, which must be there; whole numbers become text."""
        text = self.text(key)
        if text is None:
            raise InputError(f"{self.where} has no '{key}'")
        return text

    def text(self, key: str) -> str | None:
        """Return the text under `key`, None where it is missing or blank.

        Whole numbers become text, 7.0 as "7".
        """
        value = self.fields.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.invalid_value(key, "text or a whole number")
        if not value.isascii() and not _is_encodable(value):
            raise self.invalid_value(key, "text that can be encoded as UTF-8")
        return value if value.strip() else None

    def number(self, key: str) -> float | None:
        """Return the number under `key`, None where it is missing."""
        value = self.fields.get(key)
        if value is not None and not _is_number(value):
            raise self.invalid_value(key, "a number")
        return value

    def flag(self, key: str) -> bool:
        """Return the boolean under `key`, False where it is missing."""
        value = self.fields.get(key)
        if value is not None and not isinstance(value, bool) and value not in (0, 1):
            raise self.invalid_value(key, "true or false")
        return bool(value)

    def numbers(self, key: str, count: int) -> list[float]:
        """Return the list of `count` numbers under `key`."""
        values = self.fields.get(key)
        if not isinstance(values, list) or len(values) != count or not all(map(_is_number, values)):
            raise self.invalid_value(key, f"a list of {count} numbers")
        return values

    def invalid_value(self, key: str, expected: str) -> InputError:
        """Return the error for a value of the wrong type or range."""
        value = self.fields.get(key)
        found = (
            "an object"
            if isinstance(value, dict)
            else "a list"
            if isinstance(value, list)
            else json.dumps(value)
        )
        shown = found if len(found) <= 40 else found[:40] + "…"
        return InputError(f"{self.where}: '{key}' must be {expected}, not {shown}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
