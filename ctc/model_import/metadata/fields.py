"""Values of foreign metadata files, checked."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ctc.errors import InputError, reason, shorten
from ctc.model_import.config import Triple
from ctc.storage.json_file import json_type
from ctc.storage.text_encoding import detect_encoding

MAX_FILE_BYTES = 64_000_000
"""Of a file beside a network; one with 100,000 classes has two million."""
MAX_CLASSES = 1_000_000
MAX_SIDE = 8192


def read_text(path: Path) -> str:
    """Return the text of a small file, without a byte order mark; raises InputError."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputError(f"'{path}' has {size:,} bytes, too many for a list of classes")
        return path.read_text(encoding=detect_encoding(path))
    except (OSError, UnicodeError) as error:
        raise InputError(f"'{path}' can't be read: {reason(error)}") from None


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; raises InputError."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(
            f"'{path}' is not JSON (line {error.lineno}, column {error.colno}): repair it, or move "
            "it away from the network"
        ) from None
    except (ValueError, RecursionError):
        raise InputError(f"'{path}' is JSON that can't be read: it is nested too deeply") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raises InputError."""
    try:
        return tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"'{path}' is not TOML: {reason(error)}") from None


def get_table(data: Mapping[str, Any], name: str, path: object) -> Mapping[str, Any]:
    """Return an object inside an object, empty if it isn't there; raises InputError."""
    found = data.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError(f"'{name}' in '{path}' is {json_type(found)}, not an object")
    return found


def get_text(data: Mapping[str, Any], name: str) -> str | None:
    """Return a text, None if it isn't there or empty."""
    found = data.get(name)
    return found.strip() or None if isinstance(found, str) else None


def get_triple(data: Mapping[str, Any], name: str, path: object) -> Triple | None:
    """Return three numbers, one per channel (one number stands for all); raises InputError."""
    found = data.get(name)
    if found is None:
        return None
    values = [found] * 3 if is_number(found) else found
    if not isinstance(values, list) or len(values) != 3 or not all(map(is_number, values)):
        raise InputError(f"'{name}' in '{path}' is {shorten(found)}, not three numbers")
    return cast("Triple", tuple(map(float, values)))


def get_number(data: Mapping[str, Any], name: str, path: object) -> float | None:
    """Return a number, None if it isn't there; raises InputError."""
    found = data.get(name)
    if found is None:
        return None
    if not is_number(found):
        raise InputError(f"'{name}' in '{path}' is {shorten(found)}, not a number")
    return float(found)


def parse_size(found: Any, name: str, path: object) -> tuple[int, int]:
    """Return (height, width) of a number or of two numbers; raises InputError."""
    values = [found, found] if is_number(found) else found
    if (
        not isinstance(values, Sequence)
        or len(values) != 2
        or not all(is_number(one) and one == int(one) and 1 <= one <= MAX_SIDE for one in values)
    ):
        raise InputError(f"'{name}' in '{path}' is {shorten(found)}, not a height and a width")
    return int(values[0]), int(values[1])


def is_number(value: object) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def classes_by_number(found: Mapping[Any, Any], path: object) -> tuple[str, ...]:
    """Return the classes of {0: name, …} or {name: 0, …}, in the order of the numbers.

    Raises InputError unless the numbers are those from 0 on.
    """
    pairs = [_number_first(key, value) for key, value in found.items()]
    if not pairs or len(pairs) > MAX_CLASSES or None in pairs:
        raise InputError(f"the classes in '{path}' are not numbered from 0")
    ordered = sorted(cast("list[tuple[int, str]]", pairs))
    numbers = [number for number, _ in ordered]
    if numbers != list(range(len(numbers))):
        missing = next(at for at, number in enumerate(numbers) if at != number)
        raise InputError(
            f"the {len(numbers):,} classes in '{path}' are not numbered from 0 on without gaps: "
            f"there is no number {missing}, or one twice"
        )
    return tuple(name for _, name in ordered)


def _number_first(key: Any, value: Any) -> tuple[int, str] | None:
    for number, name in ((key, value), (value, key)):
        if isinstance(number, int) and not isinstance(number, bool):
            return number, str(name)
        if isinstance(number, str) and number.isdecimal() and len(number) < 10:
            return int(number), str(name)
    return None


def class_list(found: Any, name: str, path: object) -> tuple[str, ...]:
    """Return the classes of a JSON list of texts; raises InputError."""
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found) or not found:
        raise InputError(f"'{name}' in '{path}' is not a list of names")
    return tuple(found)


def path_beside(path: Path, name: str) -> Path:
    """Return the file that a file names, in its own folder; raises InputError for any other."""
    folder = path.absolute().parent.resolve()
    try:
        found = (folder / name).resolve()
        is_file = found.is_file()
    except (OSError, ValueError):  # a NUL, or a name that is too long
        raise InputError(f"'{path}' names '{shorten(name)}', which is no file name") from None
    if not found.is_relative_to(folder):
        raise InputError(f"'{path}' names a file outside its folder, '{shorten(name)}'")
    if not is_file:
        raise InputError(f"'{path}' names '{shorten(name)}', which is not beside it")
    return found
