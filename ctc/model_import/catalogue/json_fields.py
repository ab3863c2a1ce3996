"""Fields of a JSON object that a stranger wrote: read with their type, length and range checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ctc.errors import InputError, closest_name, shorten
from ctc.storage.json_file import json_type

MAX_TEXT = 1000
"""Characters of a text in a list."""
MAX_BYTES = 2**31 - 1
"""The largest file that is fetched, in bytes: no ONNX file is larger."""
SHA256_DIGITS = 64


class JsonFields:
    """A JSON object that is called `what` in errors, all of which are InputError."""

    def __init__(self, value: object, what: str, known: Collection[str]) -> None:
        if not isinstance(value, dict):
            raise InputError(f"{what} is {json_type(value)}, not an object")
        self._values: Mapping[str, Any] = value
        self._what = what
        for key in value:
            if key not in known:
                near = closest_name(key, known) if len(key) <= MAX_TEXT else None
                meant = f": did you mean '{near}'?" if near else ", which this ctc does not know"
                raise InputError(f"{what} has the field '{shorten(key)}'{meant}")

    def fail(self, key: str, expected: str) -> InputError:
        """Return the error that the value of a field is not what it should be."""
        value = self._values.get(key)
        shown = repr(shorten(value)) if isinstance(value, str) else shorten(value)
        return InputError(f"{self._what}: '{key}' is {shown}, not {expected}")

    def value(self, key: str) -> Any:
        """Return the value of a field as it is, None if it is missing or null."""
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """Return a text of one line, None if it is missing or null."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.fail(key, "a text of one line")
        if len(value) > MAX_TEXT:
            raise InputError(f"{self._what}: '{key}' has more than {MAX_TEXT:,} characters")
        return value.strip()

    def required_text(self, key: str) -> str:
        """Return a text of one line."""
        if (text := self.text(key)) is None:
            raise InputError(f"{self._what} has no '{key}'")
        return text

    def whole_number(self, key: str, largest: int) -> int | None:
        """Return a number from 1 to `largest`, None if it is missing or null."""
        value = self.value(key)
        if value is not None and not _is_whole(value, largest):
            raise self.fail(key, f"a whole number from 1 to {largest:,}")
        return None if value is None else int(value)

    def truth(self, key: str) -> bool | None:
        """Return true or false, None if it is missing or null."""
        value = self.value(key)
        if value is not None and not isinstance(value, bool):
            raise self.fail(key, "true, false or null")
        return value

    def size(self, key: str, largest: int) -> tuple[int, int] | None:
        """Return two numbers of pixels, height and width, None if they are missing or null."""
        value = self.value(key)
        if value is None:
            return None
        is_pair = isinstance(value, list) and len(value) == 2
        if not is_pair or not all(_is_whole(one, largest) for one in value):
            raise self.fail(key, f"a list of height and width, 1 to {largest:,} pixels each")
        return value[0], value[1]

    def sha256(self, key: str) -> str | None:
        """Return a SHA-256 in lower case, None if it is missing or null."""
        text = self.text(key)
        if text is None:
            return None
        if len(text) != SHA256_DIGITS or not set(text.lower()) <= set("0123456789abcdef"):
            raise self.fail(key, f"a SHA-256 of {SHA256_DIGITS} hexadecimal digits")
        return text.lower()


def _is_whole(value: object, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= largest
