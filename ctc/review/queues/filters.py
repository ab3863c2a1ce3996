"""Filters of events, as SQL over `events e` and the predictions `p` of one label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

StateFilter = Literal["", "open", "answered", "unsure", "disagreement", "mine"]
"""A state of events, '' for any, `mine` for those that the reviewer has answered."""
STATE_FILTERS: tuple[StateFilter, ...] = (
    *("", "open", "answered", "unsure", "disagreement", "mine"),
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events of a queue to show; empty values let all pass.

    `reviewer`: who asks. `label`: the label that `class_name` and the probability are about.
    `class_name`: the class that people answered, else that of the model. `since`, `until`: the
    beginnings of ISO times, both included. `least`, `most`: of the model's probability, 0 to 1.
    `answered_by`: a reviewer with an answer.
    """

    reviewer: str
    label: str = ""
    state: StateFilter = ""
    place: str = ""
    class_name: str = ""
    since: str = ""
    until: str = ""
    least: float = 0.0
    most: float = 1.0
    answered_by: str = ""

    @property
    def needs_predictions(self) -> bool:
        """Whether the conditions name columns of `p`."""
        return bool(self.class_name) or self.least > 0 or self.most < 1

    def conditions(self) -> Iterator[str]:
        """Yield the SQL conditions, whose parameters are those of `parameters`."""
        yield "e.is_gone = 0"
        if self.state == "mine":
            yield "EXISTS (SELECT 1 FROM answers WHERE event = e.key AND reviewer = :reviewer)"
        elif self.state:
            yield "e.state = :state"
        if self.place:
            yield "e.place = :place"
        if self.since:
            yield "e.time >= :since"
        if self.until:
            yield "e.time <> '' AND e.time < :until"
        if self.least > 0:
            yield "p.confidence >= :least"
        if self.most < 1:
            yield "p.confidence <= :most"
        if self.answered_by:
            yield "EXISTS (SELECT 1 FROM answers WHERE event = e.key AND reviewer = :answered_by)"

    def class_condition(self) -> str:
        """Return the SQL condition on the class, '' without one."""
        if not self.class_name:
            return ""
        by_people = (
            "EXISTS (SELECT 1 FROM json_each(e.answer) AS one, json_each(one.value) AS given"
            " WHERE one.key = :label AND given.value = :class)"
        )
        return f"CASE WHEN e.answer IS NULL THEN p.answer = :class ELSE {by_people} END"

    def parameters(self) -> dict[str, Any]:
        """Return the values of all parameters by name."""
        return {
            "reviewer": self.reviewer,
            "label": self.label,
            "state": self.state,
            "place": self.place,
            "class": self.class_name,
            "since": self.since,
            "until": self.until + "\U0010ffff",
            "least": self.least,
            "most": self.most,
            "answered_by": self.answered_by,
        }
