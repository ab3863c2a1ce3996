"""Values of EXIF tags as cameras write them, right or wrong: times, texts, positions.

Tags: https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2019-E (Exif 2.32,
sections 4.6.4 to 4.6.6).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ctc.images.metadata.camera_data import plausible_temperature
from ctc.images.metadata.photo_header import CHANGED

ORIGINAL, DIGITIZED, LAST_CHANGED = (
    (0x9003, 0x9291),
    (0x9004, 0x9292),
    (CHANGED, 0x9290),
)  # a time and its fraction of a second

_TIME = re.compile(
    r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)"
    r"(?:\.(\d+))?(?:\s*([AP]M)\b)?",
    re.IGNORECASE,
)


def capture_time(main: Mapping[int, Any], details: Mapping[int, Any]) -> datetime | None:
    """Return when a photo was taken, by the first of its tags that holds a time."""
    for tags, time, subseconds in (
        (details, *ORIGINAL),
        (details, *DIGITIZED),
        (main, *LAST_CHANGED),
    ):
        taken = _parse_time(clean_text(tags.get(time)), clean_text(details.get(subseconds)))
        if taken:
            return taken
    return None


def _parse_time(text: str | None, subseconds: str | None) -> datetime | None:
    """Parse '2016:09:25 18:35:10' and the digits after the decimal point; None if invalid.

    A fraction, AM or PM behind the seconds counts; what else follows, such as a time zone, is
    ignored.
    """
    match = _TIME.match(text or "")
    if match is None:
        return None
    *numbers, fraction, half = match.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + 12 * (half.lower() == "pm")
    subseconds = subseconds or fraction
    digits = subseconds[:6].ljust(6, "0") if subseconds and subseconds.isdecimal() else "0"
    try:
        return datetime(year, month, day, hour, minute, second, int(digits))
    except ValueError:  # 0000:00:00 00:00:00, or a month 13
        return None


def clean_text(value: object) -> str | None:
    """Return a text up to its first zero byte, without blanks around it; None if none is left."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "ignore")
    return value.split("\0")[0].strip() or None if isinstance(value, str) else None


def coordinates(tags: Mapping[int, Any]) -> tuple[float, float] | tuple[None, None]:
    """Return (latitude, longitude) in degrees, or (None, None).

    None if one is missing or out of range, or both are 0, which cameras write without a GPS fix.
    """
    latitude = _degrees(tags.get(2), {"N": 1, "S": -1}.get(clean_text(tags.get(1)) or ""), 90)
    longitude = _degrees(tags.get(4), {"E": 1, "W": -1}.get(clean_text(tags.get(3)) or ""), 180)
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None, None
    return latitude, longitude


def degrees_celsius(value: object) -> float | None:
    """Return the value of the tag AmbientTemperature; None if it is no temperature outdoors."""
    if isinstance(value, tuple):
        value = value[0] if value else None
    try:
        return plausible_temperature(round(float(value), 2))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None


def _degrees(parts: object, sign: int | None, limit: int) -> float | None:
    """Convert degrees, minutes and seconds; None if invalid."""
    try:
        degrees, minutes, seconds = map(float, parts)  # type: ignore[call-overload]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value: float = degrees + minutes / 60 + seconds / 3600
    valid = sign is not None and math.isfinite(value) and 0 <= value <= limit
    return sign * value if valid and sign else None
