"""Opens every photo of an inventory and tells what is wrong with it.

The same bytes in two events may fall into two splits of a dataset, and a model is then tested on what it was trained on.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from ctc.artifacts.arrow_columns import Ints
from ctc.artifacts.inventory import Inventory
from ctc.errors import ImageError, InputError
from ctc.images import decode, read_photo
from ctc.inventory.duplicate_photos import differences, find_copies
from ctc.inventory.photo_uses import PhotoUses
from ctc.storage.paths import is_url, joined, place

Kind = Literal["missing", "broken", "duplicate", "straddling"]
Advance = Callable[[int, int], None]
AT_A_TIME = 1024
SMALLEST = (1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a photo of an event. `missing`, `broken`; `duplicate`: the same bytes as another photo of the event;
    `straddling`: the same bytes as a photo of another event, named in `detail` with the labels and locations that differ."""

    problem: Kind
    path: str
    event_id: str
    detail: str


@dataclass(frozen=True)
class Checked:
    """How many photos there are, and the problems: missing and broken photos in the inventory's order, then copies."""

    photos: int
    problems: tuple[Problem, ...]

    def counts(self) -> dict[str, int]:
        """How many problems of each kind."""
        counted = Counter(problem.problem for problem in self.problems)
        return {kind: counted[kind] for kind in get_args(Kind)}


@dataclass(frozen=True, slots=True)
class _Look:
    """A photo that was looked at: its `digest` when it is sound, else the kind of problem and the `reason`."""

    digest: bytes | None
    kind: Kind = "broken"
    reason: str = ""
    opened: bool = True


def check_photos(inventory: Inventory, uses: PhotoUses, image_root: Path, workers: int, advance: Advance) -> Checked:
    """Read and decode every photo in `workers` threads. Raises InputError when not one of them can be opened."""
    digests = np.zeros((len(uses.paths), 2), np.uint64)
    sound = np.zeros(len(uses.paths), bool)
    problems: list[Problem] = []
    opened = 0
    for photo, path, look in _looks(uses, image_root, workers):
        opened += look.opened
        if look.digest is not None:
            digests[photo] = np.frombuffer(look.digest, np.uint64)
            sound[photo] = True
        else:
            problems += (Problem(look.kind, path, event, look.reason) for event in uses.events_of(photo))
        advance(1, int(not sound[photo]))
    if not opened:
        why = f" ('{problems[0].path}': {problems[0].detail})" if problems else ": it names none"
        raise InputError(f"no photo of the inventory could be opened in '{image_root}'{why}; give --image-root")
    return Checked(len(uses.paths), (*problems, *_copies(inventory, uses, find_copies(uses, digests, sound))))


def _looks(uses: PhotoUses, image_root: Path, workers: int) -> Iterator[tuple[int, str, _Look]]:
    """Every photo, in order. Photos that wait in the queue are dropped when the caller leaves early."""
    pool = ThreadPoolExecutor(workers, "ctc-check")
    try:
        for start in range(0, len(uses.paths), AT_A_TIME):
            paths = uses.paths.slice(start, AT_A_TIME).to_pylist()
            looks = pool.map(_look_at, (joined(image_root, path) for path in paths))
            yield from zip(range(start, start + len(paths)), paths, looks, strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _look_at(path: str) -> _Look:
    """Even at the smallest scale the decoder reads a JPEG to its end."""
    try:
        data = read_photo(path)
    except ImageError as error:
        # Path.exists raises for a folder without permission
        there = place(path).exists() if is_url(path) else os.path.exists(path)  # noqa: PTH110
        return _Look(None, "broken" if there else "missing", str(error), opened=False)
    try:
        decode(data, SMALLEST)
    except ImageError as error:
        return _Look(None, "broken", str(error))
    return _Look(hashlib.sha256(data).digest()[:16])


def _copies(inventory: Inventory, uses: PhotoUses, copies: Ints) -> Iterator[Problem]:
    for (one, other), differ in zip(copies.tolist(), differences(inventory, uses, copies), strict=True):
        first, path = (uses.paths[int(uses.photo[use])].as_py() for use in (one, other))
        event, event_id = (uses.event_ids[int(uses.event[use])].as_py() for use in (one, other))
        if event == event_id:
            yield Problem("duplicate", path, event_id, f"same bytes as '{first}' of the same event")
        else:
            what = f"same bytes as '{first}' of event '{event}'" + (f"; {differ}" if differ else "")
            yield Problem("straddling", path, event_id, what)
