"""JSON documents with millions of entries, read one entry at a time.

`NaN` and `Infinity`, which pandas writes for what is missing, are read as null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from ctc.errors import InputError, UsageError

from .json_entry import JsonEntry

CHUNK = 1 << 20
"""How many characters are read at once."""

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
    """(key, Entry) for every object in the top-level `lists`, and (key, value) for every other
    member, in the file's order.

    Raises UsageError when the file is not there; InputError, here or while iterating, when it isn't
    a JSON object whose `lists` are all there and hold objects. Memory: a chunk of text and the
    largest entry."""
    if not path.is_file():
        raise UsageError(f"file '{path}' is not there: name a JSON file")
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _members(_JsonReader(file, path), lists)
    except UnicodeDecodeError:
        raise InputError(f"'{path}' is not UTF-8 text, as JSON must be") from None
    except OSError as error:
        raise InputError(
            f"'{path}' can't be read: {(error.strerror or str(error)).lower()}"
        ) from None


def has_any_key(path: Path, *keys: str) -> bool:
    """A quick look: whether `path` is a .json file that has one of the words among its first
    characters."""
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
        if not isinstance(fields, dict):
            raise InputError(f"{where} must be an object ('{{…}}')")
        yield JsonEntry(where, fields)
        position += 1
        more = text.accept(",")
        if not more:
            text.expect("]")


class _JsonReader:
    """The text of a JSON file, taken value by value; holds one chunk and what is left of the
    last."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self.path = path
        self._file = file
        self._buffer = ""
        self._position = 0
        self._consumed = 0

    def accept(self, mark: str) -> bool:
        """Whether the next character that isn't space is `mark`; if so, it is taken."""
        self._skip_space()
        if self._buffer[self._position : self._position + 1] != mark:
            return False
        self._position += 1
        return True

    def expect(self, mark: str) -> None:
        """Take `mark`, which must come next."""
        if not self.accept(mark):
            raise self.syntax_error(f"'{mark}'")

    def is_at_end(self) -> bool:
        """Whether nothing but space is left."""
        self._skip_space()
        return self._position == len(self._buffer)

    def read_value(self) -> Any:
        """The next value; text is read until it is whole, which shows by what follows it."""
        self._skip_space()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._position)
            except RecursionError:
                raise InputError(f"'{self.path}' is nested too deep") from None
            except _DuplicateKeyError as twice:
                raise InputError(
                    f"'{self.path}' has '{twice}' twice in one object {self._location()}: mend it"
                ) from None
            except ValueError:  # cut by the chunk's end, or wrong
                pass
            else:
                end = _end_of_space(self._buffer, end)
                if self._buffer[end : end + 1] in _VALUE_TERMINATORS:
                    self._position = end
                    return value
            if not self._fill_buffer():
                raise self.syntax_error("a whole value")

    def syntax_error(self, expected: str) -> InputError:
        return InputError(
            f"'{self.path}' is cut or not JSON: {expected} is missing {self._location()}"
        )

    def _location(self) -> str:
        return f"near character {self._consumed + self._position + 1:,}"

    def _skip_space(self) -> None:
        self._position = _end_of_space(self._buffer, self._position)
        while self._position == len(self._buffer) and self._fill_buffer():
            self._position = _end_of_space(self._buffer, self._position)

    def _fill_buffer(self) -> bool:
        """Drop what was taken and read as much again as is left, at least a chunk; False at the end
        of the file."""
        self._consumed += self._position
        rest = self._buffer[self._position :]
        read = self._file.read(max(CHUNK, len(rest)))
        self._buffer, self._position = rest + read, 0
        return bool(read)


def _end_of_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start
