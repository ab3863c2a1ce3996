"""What a report may be told."""

from __future__ import annotations

from dataclasses import dataclass

REPORT = "report.html"
MEGABYTES = 15.0


@dataclass(frozen=True)
class ReportConfig:
    """`megabytes` that all thumbnails together may take; `licence` of the model, None when it isn't known."""

    megabytes: float = MEGABYTES
    licence: str | None = None
