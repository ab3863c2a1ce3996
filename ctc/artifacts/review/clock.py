"""Times of people's work."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(seconds: float) -> str:
    """Return a Unix time as UTC, ISO 8601 with milliseconds: `2026-05-04T08:15:30.123Z`."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
