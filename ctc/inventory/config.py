"""What `ctc inventory` does with observations beyond reading them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FOLDER, EXIF = "folder", "exif"


@dataclass(frozen=True)
class InventoryConfig:
    """The steps, in the order in which they are taken.

    `relabel`: a CSV with the columns label, old, new. `discard_missing`: drop observations that
    lack a label. `location_from`: FOLDER, EXIF, or a meta column, to fill the column `location`.
    `time_from_exif`: fill the column `datetime`; `time_from_mtime`: the same, with the file's
    modification time where EXIF has none. `events_within`: largest gap in seconds between two
    photos of an event."""

    relabel: Path | None = None
    discard_missing: bool = False
    location_from: str | None = None
    time_from_exif: bool = False
    time_from_mtime: bool = False
    events_within: float | None = None

    @property
    def reads_photos(self) -> bool:
        """Whether the header of every photo is read."""
        return self.time_from_exif or self.time_from_mtime or self.location_from == EXIF


DEFAULT_CONFIG = InventoryConfig()


class ProgressBar(Protocol):
    """How far a step is."""

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """`done` more items are through, `failed` of them failed."""


ProgressFactory = Callable[[str, int], AbstractContextManager[ProgressBar]]
"""Opens a bar for so many items of a step of that name."""


class _NullProgressBar:
    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Nobody watches."""


@contextmanager
def no_progress(*_: object) -> Iterator[ProgressBar]:
    """Progress that nobody watches."""
    yield _NullProgressBar()
