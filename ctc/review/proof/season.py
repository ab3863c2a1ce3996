"""The events of one label by what the model answers, and those that the audit has drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import UNKNOWN


class Group(NamedTuple):
    """Events of one answer of the model with probabilities between two thresholds.

    `is_blank`: the model calls them empty, or dropped them. `level`: how many of `THRESHOLDS` they
    reach. `waits_from`: the audit number of the first without an answer of people, infinite if
    there is none.
    """

    answer: str
    is_blank: bool
    level: int
    events: int
    waits_from: float


class Drawn(NamedTuple):
    """An event with an answer: as `Group`, and the classes that people gave, None for not sure."""

    audit: float
    answer: str
    is_blank: bool
    level: int
    given: tuple[str, ...] | None

    @property
    def is_right(self) -> bool:
        """Whether people gave the model's answer; not sure counts as wrong."""
        return self.given is not None and self.answer in self.given

    @property
    def is_empty(self) -> bool:
        """Whether people saw nothing in it; not sure counts as an animal."""
        return self.given is not None and all(
            observation_type(one) == "blank" for one in self.given
        )

    @property
    def has_animal(self) -> bool:
        """Whether people saw something in it; not sure counts as nothing."""
        return self.given is not None and not self.is_empty


@dataclass(frozen=True)
class Stratum:
    """How many events there are, and those that were drawn, in the order of the draw.

    An event counts as drawn when all that come before it in the random order have an answer, so it
    does not matter who answered what for another reason.
    """

    events: int
    drawn: tuple[Drawn, ...]

    def hits(self, is_hit: Callable[[Drawn], bool]) -> NDArray[np.bool_]:
        """Return (drawn,) whether each drawn event is a hit."""
        return np.fromiter(map(is_hit, self.drawn), np.bool_, len(self.drawn))


@dataclass(frozen=True)
class Season:
    """All events of a label: in groups, and those with an answer in random order.

    `predicted`: the model's classes.
    """

    label: str
    predicted: tuple[str, ...]
    groups: tuple[Group, ...]
    answered: tuple[Drawn, ...]

    @property
    def classes(self) -> list[str]:
        """The classes that the model answers, those with most events first, without the empty."""
        counts: dict[str, int] = {}
        for group in self.groups:
            if group.answer in self.predicted and group.answer != UNKNOWN and not group.is_blank:
                counts[group.answer] = counts.get(group.answer, 0) + group.events
        return sorted(counts, key=lambda name: (-counts[name], name))

    def stratum(self, chosen: Callable[[Group | Drawn], bool], level: int = 0) -> Stratum:
        """Return the chosen events that reach at least `level` thresholds."""
        groups = [one for one in self.groups if one.level >= level and chosen(one)]
        end = min((one.waits_from for one in groups), default=np.inf)
        answered = (one for one in self.answered if one.level >= level and chosen(one))
        return Stratum(
            sum(one.events for one in groups),
            tuple(one for one in answered if one.audit < end),
        )


def _is_blank(name: str) -> bool:
    return observation_type(name) == "blank"
