"""What is known of a photo that gets keywords."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ctc.artifacts.boxes import LabelledBox
from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import UNKNOWN

_NOTHING = frozenset({"blank", "unknown"})


class Answer(NamedTuple):
    """A class that a photo has, and its probability (0–1).

    `lineage`: the scientific names from the kingdom down, () if not known. `by_person`: whether it
    is a person's answer.
    """

    label: str
    name: str
    confidence: float
    lineage: tuple[str, ...] = ()
    by_person: bool = False


class Finding(NamedTuple):
    """What a source says of a photo, or of a frame of a clip (`clip.mp4#t=3.2`).

    `path`: as the source has it; '' where it names only the event, which is `event` then.
    `has_failed`: the source could not use it.
    """

    path: str
    answers: tuple[Answer, ...]
    boxes: tuple[LabelledBox, ...] = ()
    event: str = ""
    has_failed: bool = False


@dataclass(slots=True)
class TaggedPhoto:
    """A file with all that was found about it; `path`: where it can be read."""

    path: str
    answers: tuple[Answer, ...] = ()
    boxes: tuple[LabelledBox, ...] = ()
    is_clip: bool = field(default=False, kw_only=True)

    def add(self, found: Finding) -> None:
        """Add a finding; equal answers and boxes count once, with the highest probability.

        Where another class was found, that there is nothing counts no longer.
        """
        if found.answers != self.answers:
            self.answers = _united((*self.answers, *found.answers))
        self.boxes += tuple(one for one in found.boxes if one not in self.boxes)


def known_answers(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Return the answers that name a class."""
    return tuple(one for one in answers if one.name and one.name != UNKNOWN)


def _united(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    best: dict[tuple[str, str], Answer] = {}
    for one in answers:
        known = best.get((one.label, one.name))
        if known is None or one.confidence > known.confidence:
            best[one.label, one.name] = one
    others = {label for label, name in best if observation_type(name) not in _NOTHING}
    return tuple(
        one
        for one in best.values()
        if one.label not in others or observation_type(one.name) != "blank"
    )
