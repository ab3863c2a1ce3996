"""Photos whose absolute paths are those of another folder or computer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from ctc.artifacts.review.events.photo_places import PhotoPlaces
from ctc.storage.paths import is_remote, is_url
from ctc.tagging.records import TaggedPhoto

_SAMPLE = 100


def find_again(photos: Sequence[TaggedPhoto], root: Path) -> None:
    """Give missing photos the path below `root` that they have moved to.

    The beginning of their paths which `root` replaces is the one under which most are there.
    """
    missing = [one for one in photos if not is_url(one.path) and not Path(one.path).exists()]
    if is_remote(root) or not missing:
        return
    prefixes = Counter[str]()
    for photo in islice(missing, 0, None, max(1, len(missing) // _SAMPLE)):
        prefixes.update(_prefixes(photo.path, root))
    if not prefixes:
        return
    places = PhotoPlaces(str(root), prefixes.most_common(1)[0][0])
    for photo in missing:
        moved = places.location(photo.path)
        if Path(moved).exists():
            photo.path = moved


def _prefixes(path: str, root: Path) -> Iterator[str]:
    """Yield the beginnings of a path whose rest is below `root`, the shortest first."""
    parts = path.replace("\\", "/").split("/")
    for at in range(1, len(parts)):
        if Path(root, *parts[at:]).exists():
            yield "/".join(parts[:at]) or "/"
