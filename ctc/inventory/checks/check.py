"""Open every photo of an inventory and report missing, broken and duplicate ones.

Identical photos in two events may end up in two splits of a dataset; a model would then be tested
on photos that it was trained on.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Literal, get_args

import numpy as np

from ctc.artifacts.arrow_columns import Ints
from ctc.artifacts.inventory import Inventory
from ctc.errors import ImageError, InputError
from ctc.images import decode
from ctc.images.clips.names import file_of
from ctc.images.decode import OutOfMemoryError
from ctc.images.listing.folder_watch import FolderWatch
from ctc.inventory.checks.duplicate_photos import describe_differences, find_duplicates
from ctc.inventory.checks.photo_names import PhotoNames
from ctc.inventory.checks.photo_uses import PhotoUses
from ctc.storage.ordered_map import map_in_order
from ctc.storage.paths import is_url, join_path, parse_path

ProblemKind = Literal["missing", "broken", "unchecked", "duplicate", "straddling", "near-duplicate"]
ProgressCallback = Callable[[int, int], None]
"""Called with the number of further photos, and of failed ones among them."""
MAX_PENDING = 1024
MIN_DECODE_SIZE = (1, 1)
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a photo of an event.

    `problem` is `missing`, `broken`, `unchecked` (there is too little memory to decode it, even
    alone), `duplicate` (the same bytes as another photo of the event), `straddling` (the same
    bytes as a photo of another event, which `detail` names together with the labels and locations
    that differ) or `near-duplicate` (almost the same as a photo of another event, as
    `ctc.features.near_duplicates` finds it).
    """

    problem: ProblemKind
    path: str
    event_id: str
    detail: str


@dataclass(frozen=True)
class PhotoCheckResult:
    """The number of photos, and the problems.

    Missing and broken photos come first, in the inventory's order, then duplicates.
    """

    photos: int
    problems: tuple[Problem, ...]

    def with_near_duplicates(self, found: Iterable[Problem]) -> PhotoCheckResult:
        """Return the result with near duplicates, without those of the same bytes."""
        same = {(one.path, one.event_id) for one in self.problems if one.problem == "straddling"}
        new = tuple(one for one in found if (one.path, one.event_id) not in same)
        return replace(self, problems=self.problems + new)

    def counts(self) -> dict[str, int]:
        """Return the number of problems of each kind."""
        counts = Counter(problem.problem for problem in self.problems)
        return {kind: counts[kind] for kind in get_args(ProblemKind)}


@dataclass(frozen=True, slots=True)
class _PhotoCheck:
    """A photo's digest if it is valid, or else the kind of problem and the reason."""

    digest: bytes | None
    kind: ProblemKind = "broken"
    reason: str = ""
    opened: bool = True


def check_photos(
    inventory: Inventory, uses: PhotoUses, image_root: Path, workers: int, advance: ProgressCallback
) -> PhotoCheckResult:
    """Read and decode every photo in `workers` threads.

    Raises InputError if none of them can be opened.
    """
    digests = np.zeros((len(uses.paths), 2), np.uint64)
    valid = np.zeros(len(uses.paths), bool)
    problems: list[Problem] = []
    names = PhotoNames(image_root)
    opened = 0
    with closing(_check_all(uses, image_root, workers)) as checks:
        for photo, (path, check) in enumerate(checks):
            opened += check.opened
            if check.digest is not None:
                digests[photo] = np.frombuffer(check.digest, np.uint64)
                valid[photo] = True
            else:
                reason = check.reason
                if check.kind == "missing" and (actual := names.find(path)):
                    reason += f"; there is '{actual}', see `ctc inventory --ignore-case`"
                problems += (
                    Problem(check.kind, path, event, reason) for event in uses.events_of(photo)
                )
            advance(1, int(not valid[photo]))
    if not opened:
        why = f" ('{problems[0].path}': {problems[0].detail})" if problems else ": it names none"
        is_rooted = bool(problems) and PurePosixPath(problems[0].path).is_absolute()
        remedy = "correct its absolute paths" if is_rooted else "use --image-root"
        raise InputError(
            f"no photo of the inventory could be opened in '{image_root}'{why}; {remedy}"
        )
    duplicates = find_duplicates(uses, digests, valid)
    return PhotoCheckResult(
        len(uses.paths), (*problems, *_duplicate_problems(inventory, uses, duplicates))
    )


def _check_all(
    uses: PhotoUses, image_root: Path, workers: int
) -> Generator[tuple[str, _PhotoCheck]]:
    """Check every photo, in order; closing the generator drops the photos that wait."""

    watch = FolderWatch()

    def check(path: str) -> tuple[str, _PhotoCheck]:
        return path, _check_photo(join_path(image_root, path), watch)

    paths = (path.as_py() for path in uses.paths)
    with (
        ThreadPoolExecutor(workers, "ctc-check") as pool,
        closing(map_in_order(pool, check, paths, max_pending=MAX_PENDING)) as checks,
    ):
        yield from checks


def _check_photo(path: str, watch: FolderWatch) -> _PhotoCheck:
    """Read and decode one photo.

    It is decoded at the smallest scale, at which the decoder still reads a JPEG to its end.
    """
    try:
        data = watch.read(path)
    except ImageError as error:
        # Path.exists raises for a folder without permission
        file = file_of(path)
        exists = parse_path(file).exists() if is_url(file) else os.path.exists(file)  # noqa: PTH110
        return _PhotoCheck(None, "broken" if exists else "missing", str(error), opened=False)
    try:
        _decode_with_retry(data)
    except OutOfMemoryError as error:
        return _PhotoCheck(None, "unchecked", str(error))
    except ImageError as error:
        return _PhotoCheck(None, "broken", str(error))
    return _PhotoCheck(hashlib.sha256(data).digest()[:16])


def _decode_with_retry(data: bytes) -> None:
    """Decode a photo; if memory is short, once more while no other photo is decoded that way."""
    try:
        decode(data, MIN_DECODE_SIZE)
    except OutOfMemoryError:
        with _ONE_AT_A_TIME:
            decode(data, MIN_DECODE_SIZE)


def _duplicate_problems(
    inventory: Inventory, uses: PhotoUses, duplicates: Ints
) -> Iterator[Problem]:
    for pair, differences in zip(
        duplicates.tolist(), describe_differences(inventory, uses, duplicates), strict=True
    ):
        first, path = (uses.paths[int(uses.photo[use])].as_py() for use in pair)
        event, event_id = (uses.event_ids[int(uses.event[use])].as_py() for use in pair)
        if event == event_id:
            yield Problem("duplicate", path, event_id, f"same bytes as '{first}' of the same event")
        else:
            detail = f"same bytes as '{first}' of event '{event}'"
            detail += f"; {differences}" if differences else ""
            yield Problem("straddling", path, event_id, detail)
