"""Policy for bad records and photos: fail, or skip and count."""

from __future__ import annotations

from ctc.errors import InputError
from ctc.plugin import LoaderConfig


class BadRecords:
    """Bad records and photos of a stream, each counted once."""

    def __init__(self, config: LoaderConfig) -> None:
        self._should_fail = config.on_bad_record == "fail"
        self._reasons: set[str] = set()

    def __len__(self) -> int:
        return len(self._reasons)

    def skip_or_raise(self, error: InputError) -> None:
        """Count a bad record once, or raise `error` when bad records are not to be skipped."""
        if self._should_fail:
            raise error
        self._reasons.add(str(error))
