"""Reading and writing the JSON artifacts, with errors a user can act on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ctc.errors import InputError, UsageError
from ctc.storage.atomic import write_text


def read_object(path: Path, description: str) -> dict[str, Any]:
    """The JSON object in `path`; `description` names it in errors ("a dataset's dataset.json")."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"'{path}' is not there: it should be {description}") from None
    except (ValueError, OSError) as error:
        raise InputError(f"'{path}' can't be read as {description}: {error}") from None
    if not isinstance(data, dict):
        raise InputError(
            f"'{path}' is not {description}: it holds a JSON {type(data).__name__}, not an object"
        )
    return data


def write_object(path: Path, data: dict[str, Any]) -> None:
    """Write `data` whole, indented, as UTF-8."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def check_format(data: dict[str, Any], path: Path, kind: str, version: int) -> None:
    """Refuse a file of another kind, or one written by a newer ctc."""
    if data.get("format") != kind:
        raise InputError(f"'{path}' is not a {kind} file: its 'format' is {data.get('format')!r}")
    found = data.get("format_version")
    if not isinstance(found, int) or found > version:
        raise InputError(
            f"'{path}' has format version {found!r}, this ctc knows up to {version}: update ctc"
        )
