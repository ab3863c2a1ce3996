"""Chunks of a run for an engine's workers: consecutive events, whose results are one file each.

The files are in a folder next to the output, which is what an unfinished run keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ctc.inference.events.event import Event
from ctc.reporting import counted
from ctc.storage.atomic import remove
from ctc.storage.file_lock import acquire_lock
from ctc.storage.paths import is_remote, path_beside

MIN_CHUNK_PHOTOS, MAX_CHUNK_PHOTOS = 32, 1_024
"""Photos of a chunk: a power of two, so that batches are full.

The largest takes one core about ten seconds.
"""
TARGET_CHUNKS = 512
"""Number of chunks that is enough for the workers of a small run to finish together."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Chunk `number`, from 0; it has at least one event."""

    number: int
    events: tuple[Event, ...]

    def __str__(self) -> str:
        return f"{counted(len(self.events), 'event')} from '{self.events[0].id}' on"


def photos_per_chunk(photos: int, batch_size: int) -> int:
    """Return the size of chunks.

    It depends on nothing but the run itself, so that a resumed run has the same chunks.
    """
    size = MIN_CHUNK_PHOTOS
    while size < MAX_CHUNK_PHOTOS and (size * TARGET_CHUNKS < photos or size < 2 * batch_size):
        size *= 2
    return size


def split_events(events: Iterable[Event], size: int) -> Iterator[Chunk]:
    """Yield chunks of at least `size` photos; an event without photos counts as one."""
    number, current, photos = 0, list[Event](), 0
    for event in events:
        current.append(event)
        photos += len(event.images) or 1
        if photos >= size:
            yield Chunk(number, tuple(current))
            number, current, photos = number + 1, [], 0
    if current:
        yield Chunk(number, tuple(current))


def chunks_folder(output: Path) -> Path:
    """Return the folder of the chunks of an unfinished output."""
    return path_beside(output, f"{output.name}.parts")


def header_path(folder: Path) -> Path:
    """Return the file with the header of the run."""
    return folder / "heading"


def seal_path(folder: Path) -> Path:
    """Return the file that marks the chunks as complete; see `Journal.seal`."""
    return folder / "complete"


def chunk_path(folder: Path, number: int) -> Path:
    """Return the file with the results of chunk `number`."""
    return folder / f"{number:07}.part"


def finished_chunks(folder: Path) -> set[int]:
    """Return the numbers of the chunks in the folder.

    The folder is listed, since network file systems cache for a while that a file doesn't exist.
    """
    if not folder.exists():
        return set()
    return {
        int(path.stem)
        for path in folder.iterdir()
        if path.suffix == ".part" and path.stem.isdecimal()
    }


def remove_chunks(folder: Path) -> None:
    """Remove all chunks in the folder."""
    for number in finished_chunks(folder):
        remove(chunk_path(folder, number))


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Lock the folder against other runs; create it if it doesn't exist.

    Raises InputError when another run has locked it. Remote folders can't be locked.
    """
    if is_remote(folder):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as file:
        acquire_lock(file, folder)
        yield
