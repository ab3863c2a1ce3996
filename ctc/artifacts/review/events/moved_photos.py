"""Which folder photos have moved from, and to, by their paths before and now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

SAMPLE = 200
"""Paths that are looked at."""
MAX_NAMESAKES = 20
"""Photos of the same name in other folders that a path is compared with."""


class Move(NamedTuple):
    """Beginnings of paths, '' or ending with '/': photos below `old` are now below `new`."""

    old: str
    new: str

    def apply(self, path: str) -> str:
        """Return the path now of a path before, or the same if it is not below `old`."""
        return self.new + path.removeprefix(self.old) if path.startswith(self.old) else path


def find_move(old: Sequence[str], new: Sequence[str]) -> Move | None:
    """Return the move that explains more than half of the old paths, None if none does.

    Paths have forward slashes.
    """
    namesakes: defaultdict[str, list[str]] = defaultdict(list)
    for path in new:
        known = namesakes[path.rpartition("/")[2]]
        if len(known) < MAX_NAMESAKES:
            known.append(path)
    sample = old[:: max(1, len(old) // SAMPLE)]
    votes = Counter[Move]()
    for path in sample:
        votes.update({_move(path, other) for other in namesakes[path.rpartition("/")[2]]})
    best = next(iter(votes.most_common(1)), None)
    return best[0] if best is not None and 2 * best[1] > len(sample) else None


def _move(old: str, new: str) -> Move:
    """Return the move between two paths, whose common end is as long as can be."""
    before, after = old.split("/"), new.split("/")
    common = 0
    for one, other in zip(reversed(before), reversed(after), strict=False):
        if one != other:
            break
        common += 1
    return Move(*("".join(f"{part}/" for part in parts[:-common]) for parts in (before, after)))
