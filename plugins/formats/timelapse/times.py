"""Times as Timelapse writes them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

_ISO_LENGTH = len("2021-04-05 18:05:01")
_DATE_AND_TIME = "%d-%b-%Y %H:%M:%S"


def parse_time(text: str) -> str | None:
    """Return the ISO 8601 time, None if the text is not in a format of Timelapse.

    Those are ISO 8601 with a T or a blank, and a date such as 5-Apr-2021 before the time. A blank
    in front, by which Excel keeps the cell as it is, is no part of it.
    """
    time = text.strip()
    if len(time) == _ISO_LENGTH:
        with suppress(ValueError):
            return datetime.fromisoformat(time).isoformat()
    with suppress(ValueError):
        return datetime.strptime(time, _DATE_AND_TIME).isoformat()
    return None
