"""What a report may be told."""

from __future__ import annotations

from dataclasses import dataclass

REPORT_FILE = "report.html"
THUMBNAIL_MEGABYTES = 15.0


@dataclass(frozen=True)
class ReportConfig:
    """`megabytes` that all thumbnails together may take; `licence` of the model, None when it isn't
    known."""

    megabytes: float = THUMBNAIL_MEGABYTES
    licence: str | None = None
