"""Opens every photo of an inventory and tells what is wrong with it.

The same bytes in two events may fall into two splits of a dataset, and a model is then tested on
what it was trained on."""

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
from ctc.inventory.duplicate_photos import describe_differences, find_duplicates
from ctc.inventory.photo_uses import PhotoUses
from ctc.storage.paths import is_url, join_path, parse_path

ProblemKind = Literal["missing", "broken", "duplicate", "straddling"]
ProgressCallback = Callable[[int, int], None]
CHUNK_SIZE = 1024
MIN_DECODE_SIZE = (1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a photo of an event. `missing`, `broken`; `duplicate`: the same bytes as
    another photo of the event; `straddling`: the same bytes as a photo of another event, named in
    `detail` with the labels and locations that differ."""

    problem: ProblemKind
    path: str
    event_id: str
    detail: str


@dataclass(frozen=True)
class PhotoCheckResult:
    """How many photos there are, and the problems: missing and broken photos in the inventory's
    order, then copies."""

    photos: int
    problems: tuple[Problem, ...]

    def counts(self) -> dict[str, int]:
        """How many problems of each kind."""
        counted = Counter(problem.problem for problem in self.problems)
        return {kind: counted[kind] for kind in get_args(ProblemKind)}


@dataclass(frozen=True, slots=True)
class _PhotoCheck:
    """A photo that was looked at: its `digest` when it is sound, else the kind of problem and the
    `reason`."""

    digest: bytes | None
    kind: ProblemKind = "broken"
    reason: str = ""
    opened: bool = True


def check_photos(
    inventory: Inventory, uses: PhotoUses, image_root: Path, workers: int, advance: ProgressCallback
) -> PhotoCheckResult:
    """Read and decode every photo in `workers` threads. Raises InputError when not one of them can
    be opened."""
    digests = np.zeros((len(uses.paths), 2), np.uint64)
    sound = np.zeros(len(uses.paths), bool)
    problems: list[Problem] = []
    opened = 0
    for photo, path, look in _check_all(uses, image_root, workers):
        opened += look.opened
        if look.digest is not None:
            digests[photo] = np.frombuffer(look.digest, np.uint64)
            sound[photo] = True
        else:
            problems += (
                Problem(look.kind, path, event, look.reason) for event in uses.events_of(photo)
            )
        advance(1, int(not sound[photo]))
    if not opened:
        why = f" ('{problems[0].path}': {problems[0].detail})" if problems else ": it names none"
        raise InputError(
            f"no photo of the inventory could be opened in '{image_root}'{why}; give --image-root"
        )
    return PhotoCheckResult(
        len(uses.paths),
        (*problems, *_duplicate_problems(inventory, uses, find_duplicates(uses, digests, sound))),
    )


def _check_all(
    uses: PhotoUses, image_root: Path, workers: int
) -> Iterator[tuple[int, str, _PhotoCheck]]:
    """Every photo, in order. Photos that wait in the queue are dropped when the caller leaves
    early."""
    pool = ThreadPoolExecutor(workers, "ctc-check")
    try:
        for start in range(0, len(uses.paths), CHUNK_SIZE):
            paths = uses.paths.slice(start, CHUNK_SIZE).to_pylist()
            looks = pool.map(_check_photo, (join_path(image_root, path) for path in paths))
            yield from zip(range(start, start + len(paths)), paths, looks, strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _check_photo(path: str) -> _PhotoCheck:
    """Even at the smallest scale the decoder reads a JPEG to its end."""
    try:
        data = read_photo(path)
    except ImageError as error:
        # Path.exists raises for a folder without permission
        there = parse_path(path).exists() if is_url(path) else os.path.exists(path)  # noqa: PTH110
        return _PhotoCheck(None, "broken" if there else "missing", str(error), opened=False)
    try:
        decode(data, MIN_DECODE_SIZE)
    except ImageError as error:
        return _PhotoCheck(None, "broken", str(error))
    return _PhotoCheck(hashlib.sha256(data).digest()[:16])


def _duplicate_problems(
    inventory: Inventory, uses: PhotoUses, duplicates: Ints
) -> Iterator[Problem]:
    for (one, other), differ in zip(
        duplicates.tolist(), describe_differences(inventory, uses, duplicates), strict=True
    ):
        first, path = (uses.paths[int(uses.photo[use])].as_py() for use in (one, other))
        event, event_id = (uses.event_ids[int(uses.event[use])].as_py() for use in (one, other))
        if event == event_id:
            yield Problem("duplicate", path, event_id, f"same bytes as '{first}' of the same event")
        else:
            what = f"same bytes as '{first}' of event '{event}'" + (f"; {differ}" if differ else "")
            yield Problem("straddling", path, event_id, what)
