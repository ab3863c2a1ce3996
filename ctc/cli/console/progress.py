"""Progress that is also written to the JSON log at intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ctc.reporting import ProgressBar

LOG_INTERVAL_SECONDS = 10.0
"""Time between two log lines about one progress bar."""


@dataclass
class LoggedProgress:
    """A progress bar that passes its state to `write` at intervals, as keyword arguments."""

    bar: ProgressBar
    description: str
    total: int | None
    write: Callable[..., None]
    done: int = 0
    failed: int = 0
    last_note: str = ""
    last_logged_at: float = field(default_factory=time.monotonic)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Count `done` more items, `failed` of which failed."""
        self.bar.advance(done, failed)
        self.done, self.failed = self.done + done, self.failed + failed
        if time.monotonic() - self.last_logged_at >= LOG_INTERVAL_SECONDS:
            self.log()

    def note(self, text: str) -> None:
        """Show a few words next to the bar."""
        self.bar.note(text)
        self.last_note = text

    def log(self) -> None:
        """Write the current state."""
        self.last_logged_at = time.monotonic()
        self.write(
            what=self.description,
            done=self.done,
            total=self.total,
            failed=self.failed,
            note=self.last_note,
        )
