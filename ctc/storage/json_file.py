"""Reading and writing of JSON artifacts, with error messages that name the next step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ctc.errors import InputError, UsageError
from ctc.storage.atomic import write_text


def read_object(path: Path, description: str) -> dict[str, Any]:
    """Return the JSON object in `path`.

    `description` says in errors what the file should be ("the manifest of a dataset"). Raises
    UsageError if it doesn't exist, InputError if it can't be read or is not an object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"'{path}' does not exist: it should be {description}") from None
    except (ValueError, OSError) as error:
        raise InputError(f"'{path}' can't be read as {description}: {error}") from None
    if not isinstance(data, dict):
        raise InputError(
            f"'{path}' is not {description}: it holds a JSON {type(data).__name__}, not an object"
        )
    return data


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
