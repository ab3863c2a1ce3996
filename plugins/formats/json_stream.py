"""Streaming reader for JSON documents with millions of entries.

`NaN` and `Infinity`, which pandas writes for missing values, are read as null. That is why ijson is
not used: it rejects both. A key that an object has twice with different values, which `json` and
ijson accept, is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from ctc.errors import InputError, UsageError, reason

from .json_entry import JsonEntry

CHUNK = 1 << 20
"""Number of characters to read at a time."""

_SPACE = re.compile(r"[ \t\n\r]*")
_VALUE_TERMINATORS = frozenset(",:]}")


class _DuplicateKeyError(Exception):
    """An object has this key twice, with different values."""


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        for key, value in pairs:
            if fields[key] != value:
                raise _DuplicateKeyError(key)
    return fields


_DECODER = json.JSONDecoder(parse_constant=lambda _: None, object_pairs_hook=_build_object)


def read_document(path: Path, lists: tuple[str, ...]) -> Iterator[tuple[str, JsonEntry | Any]]:
    """Yield the members of a JSON object in file order.

    Yields (key, JsonEntry) for every entry of the top-level `lists`, empty for one that is not an
    object, and (key, value) for every other member. Raises UsageError when the file doesn't exist;
    InputError, here or while iterating, when it isn't a JSON object that has all `lists`, each a
    list. Memory: a chunk of text and the largest entry.
    """
    if not path.is_file():
        raise UsageError(f"file '{path}' does not exist: give a JSON file")
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _members(_JsonReader(file, path), lists)
    except UnicodeDecodeError:
        raise InputError(f"'{path}' is not UTF-8 text, which JSON requires") from None
    except OSError as error:
        raise InputError(f"'{path}' can't be read: {reason(error)}") from None


def has_any_key(path: Path, *keys: str) -> bool:
    """Return whether `path` is a .json file with one of these keys near its beginning."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(CHUNK)
    except OSError:
        return False
    return any(f'"{word}"' in head for word in keys)


def _members(text: _JsonReader, lists: tuple[str, ...]) -> Iterator[tuple[str, JsonEntry | Any]]:
    if not text.accept("{"):
        raise InputError(f"'{text.path}' must hold a JSON object ('{{…}}') at its top level")
    missing = set(lists)
    more = not text.accept("}")
    while more:
        key = text.read_value()
        if not isinstance(key, str):
            raise text.syntax_error("a name in quotes")
        text.expect(":")
        if key not in lists:
            yield key, text.read_value()
        elif key in missing:
            missing.remove(key)
            yield from ((key, entry) for entry in _entries(text, key))
        else:
            raise InputError(f"'{text.path}' has '{key}' twice")
        more = text.accept(",")
        if not more:
            text.expect("}")
    if not text.is_at_end():
        raise text.syntax_error("the end")
    if missing:
        raise InputError(f"'{text.path}' has no '{min(missing)}'")


def _entries(text: _JsonReader, key: str) -> Iterator[JsonEntry]:
    if not text.accept("["):
        raise InputError(f"'{text.path}': '{key}' must be a list")
    position = 0
    more = not text.accept("]")
    while more:
        where = f"'{text.path}' {key}[{position}]"
        fields = text.read_value()
        yield JsonEntry(where, fields if isinstance(fields, dict) else {})
        position += 1
        more = text.accept(",")
        if not more:
            text.expect("]")


class _JsonReader:
    """Reader that parses a JSON file value by value; it holds one chunk and the last rest."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self.path = path
        self._file = file
        self._buffer = ""
        self._position = 0
        self._consumed = 0

    def accept(self, mark: str) -> bool:
        """Consume `mark` if it is the next character that isn't space; return whether it was."""
        self._skip_space()
        if self._buffer[self._position : self._position + 1] != mark:
            return False
        self._position += 1
        return True

    def expect(self, mark: str) -> None:
        """Consume `mark`; raises InputError when something else comes next."""
        if not self.accept(mark):
            raise self.syntax_error(f"'{mark}'")

    def is_at_end(self) -> bool:
        """Return whether only space is left."""
        self._skip_space()
        return self._position == len(self._buffer)

    def read_value(self) -> Any:
        """Return the next value.

        Text is read until the value is complete, which shows by the character that follows it.
        """
        self._skip_space()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._position)
            except RecursionError:
                raise InputError(f"'{self.path}' is nested too deeply") from None
            except _DuplicateKeyError as key:
                raise InputError(
                    f"'{self.path}' has '{key}' twice in one object {self._location()}: correct it"
                ) from None
            except ValueError:  # cut at the end of the chunk, or invalid
                pass
            else:
                end = _end_of_space(self._buffer, end)
                if self._buffer[end : end + 1] in _VALUE_TERMINATORS:
                    self._position = end
                    return value
            if not self._fill_buffer():
                raise self.syntax_error("a complete value")

    def syntax_error(self, expected: str) -> InputError:
        """Return the error for text that lacks what is `expected` here."""
        return InputError(
            f"'{self.path}' is truncated or not JSON: {expected} is missing {self._location()}"
        )

    def _location(self) -> str:
        return f"near character {self._consumed + self._position + 1:,}"

    def _skip_space(self) -> None:
        self._position = _end_of_space(self._buffer, self._position)
        while self._position == len(self._buffer) and self._fill_buffer():
            self._position = _end_of_space(self._buffer, self._position)

    def _fill_buffer(self) -> bool:
        """Drop the consumed text and read on; return False at the end of the file.

        It reads at least a chunk and as much as is left, so that a long value takes few reads.
        """
        self._consumed += self._position
        rest = self._buffer[self._position :]
        read = self._file.read(max(CHUNK, len(rest)))
        self._buffer, self._position = rest + read, 0
        return bool(read)


def _end_of_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start
