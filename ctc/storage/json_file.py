"""Reading and writing of JSON artifacts, with error messages that name the next step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ctc.errors import InputError, UsageError, reason
from ctc.storage.atomic import write_text

JSON_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a truth value",
    int: "a number",
    float: "a number",
}


def read_object(path: Path, description: str) -> dict[str, Any]:
    """Return the JSON object in `path`.

    `description` says in errors what the file should be ("the manifest of a dataset"). Raises
    UsageError if it doesn't exist, InputError if it can't be read or is not an object.
    """
    try:
        return parse_json_object(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"'{path}' does not exist: it should be {description}") from None
    except OSError as error:
        raise InputError(f"'{path}' can't be read: {reason(error)}") from None
    except ValueError as error:
        raise InputError(f"'{path}' is not {description}: {error}") from None


def parse_json_object(text: str | bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises UnicodeDecodeError for bytes that are not UTF-8, and ValueError, whose message says what
    `text` is, for anything else that is not a JSON object.
    """
    try:
        data = json.loads(text)
    except UnicodeDecodeError:
        raise
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, thousands of brackets
        raise ValueError("not JSON that can be read: a number or its nesting is too long") from None
    if not isinstance(data, dict):
        raise ValueError(f"{json_type(data)}, not a JSON object")
    return data


def json_type(value: object) -> str:
    """Return the JSON type of a value with its article, for messages: `a list`, `null`."""
    return JSON_TYPE_NAMES.get(type(value), "null")


def write_object(path: Path, data: dict[str, Any]) -> None:
    """Write `data` atomically as indented UTF-8 JSON."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def check_format(data: dict[str, Any], path: Path, kind: str, version: int) -> None:
    """Raise InputError if `data` has another format than `kind`, or was written by a newer ctc."""
    if data.get("format") != kind:
        raise InputError(f"'{path}' is not a {kind} file: its 'format' is {data.get('format')!r}")
    found = data.get("format_version")
    if not isinstance(found, int) or found > version:
        raise InputError(
            f"'{path}' has format version {found!r}, this ctc reads up to {version}: update ctc"
        )
