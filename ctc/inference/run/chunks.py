"""A run in parts, for an engine's workers: so many events that follow each other, each part a file
of its outcomes in a folder beside the output. The folder is what an unfinished run keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ctc.inference.events.event import Event
from ctc.storage.atomic import remove
from ctc.storage.file_lock import acquire_lock
from ctc.storage.paths import is_remote

MIN_CHUNK_PHOTOS, MAX_CHUNK_PHOTOS = 32, 1_024
"""Photos of a part: a power of two, so that batches are full. The largest takes a core some ten
seconds."""
TARGET_CHUNKS = 512
"""So many are enough for the workers of a small run to end together."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The `number`-th, from 0; it has one event or more."""

    number: int
    events: tuple[Event, ...]

    def __str__(self) -> str:
        return f"the {len(self.events):,} events from '{self.events[0].id}' on"


def photos_per_chunk(photos: int, batch_size: int) -> int:
    """Depends on what is predicted alone, so that a run that goes on has the same parts."""
    size = MIN_CHUNK_PHOTOS
    while size < MAX_CHUNK_PHOTOS and (size * TARGET_CHUNKS < photos or size < 2 * batch_size):
        size *= 2
    return size


def split_events(events: Iterable[Event], size: int) -> Iterator[Chunk]:
    """Parts of at least `size` photos; an event without any counts as one."""
    number, held, photos = 0, list[Event](), 0
    for event in events:
        held.append(event)
        photos += len(event.images) or 1
        if photos >= size:
            yield Chunk(number, tuple(held))
            number, held, photos = number + 1, [], 0
    if held:
        yield Chunk(number, tuple(held))


def chunks_folder(output: Path) -> Path:
    """Where the parts of an unfinished output are."""
    return output.with_name(f"{output.name}.parts")


def header_path(folder: Path) -> Path:
    """The file that says which run the parts are of."""
    return folder / "heading"


def chunk_path(folder: Path, number: int) -> Path:
    return folder / f"{number:07}.part"


def finished_chunks(folder: Path) -> set[int]:
    """The numbers of those that are there. The folder is listed, and no file asked for: a network
    file system remembers for a while that one wasn't there."""
    if not folder.exists():
        return set()
    return {
        int(path.stem)
        for path in folder.iterdir()
        if path.suffix == ".part" and path.stem.isdecimal()
    }


def remove_chunks(folder: Path) -> None:
    """All of another run that are there."""
    for number in finished_chunks(folder):
        remove(chunk_path(folder, number))


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Within the block no other command writes parts into the folder, which is made: raises
    InputError when one does. At a remote place nobody can tell."""
    if is_remote(folder):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as file:
        acquire_lock(file, folder)
        yield
