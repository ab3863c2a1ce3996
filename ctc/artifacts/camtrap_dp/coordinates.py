"""Coordinates of camera trap tables, as spreadsheets mangle them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ctc.reporting import counted

LIMITS = {"latitude": 90, "longitude": 180}
"""The largest degrees, north and east; south and west are negative."""


def parse_degrees(text: str, limit: int) -> float | None:
    """Return degrees, with a decimal point or comma and maybe a sign of degrees.

    None for what is no number, or beyond ±`limit`.
    """
    try:
        value = float(text.strip().rstrip("° ").replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) <= limit else None


@dataclass
class LenientCoordinates:
    """Reader of coordinates that takes those that can't be read as missing, and counts them."""

    _unusable: list[str] = field(default_factory=list)

    def read(self, text: str | None, column: str, where: str) -> float | None:
        """Return the degrees of a cell of 'latitude' or 'longitude', None if they are missing."""
        found = parse_degrees(text, LIMITS[column]) if text else None
        if text and found is None:
            self._unusable.append(f"{where}, '{text}'")
        return found

    def warnings(self) -> Iterator[str]:
        """Yield one sentence if some could not be read."""
        if self._unusable:
            count = counted(len(self._unusable), "coordinate is", "coordinates are")
            yield f"{count} no degrees, and left out (first: {self._unusable[0]})"
