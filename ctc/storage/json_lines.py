"""Log lines in JSON: one object per line, which begins with its time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime


def json_line(values: Mapping[str, object], seconds: float, *, ascii_only: bool = True) -> str:
    """Return `values` as one line of JSON without the newline, with their `time` in front.

    `seconds`: since the epoch; they become ISO 8601 in UTC with milliseconds. `ascii_only` escapes
    all other characters.
    """
    time = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": time, **values}, ensure_ascii=ascii_only)
