"""What becomes of a bad record or photo: it stops the reading, or is left out and counted."""

from __future__ import annotations

from ctc.errors import InputError
from ctc.plugin import LoaderConfig


class BadRecords:
    """The bad records and photos of a stream, each counted once."""

    def __init__(self, config: LoaderConfig) -> None:
        self._should_fail = config.on_bad_record == "fail"
        self._reasons: set[str] = set()

    def __len__(self) -> int:
        return len(self._reasons)

    def skip_or_raise(self, error: InputError) -> None:
        """Count one more, unless it is known; raises the error when bad ones are not to be
        skipped."""
        if self._should_fail:
            raise error
        self._reasons.add(str(error))
