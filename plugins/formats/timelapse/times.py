"""Times as Timelapse writes them."""

from __future__ import annotations

from datetime import datetime

_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
)
"""`DateTime` of the CSV export, with and without a T; then `Date` and `Time`."""


def parse_time(text: str) -> str | None:
    """Return the ISO 8601 time, None if the text is not in a format of Timelapse.

    A blank in front, by which Excel keeps the cell as it is, is no part of it.
    """
    for form in _FORMATS:
        try:
            return datetime.strptime(text.strip(), form).isoformat()
        except ValueError:
            continue
    return None
