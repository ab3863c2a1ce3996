"""The queues of a review: which events they hold, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ctc.artifacts.review.records import EventState
from ctc.errors import UsageError, did_you_mean

Source = Literal["events", "predictions"]
"""The table whose index gives the order: `predictions` for scores of a label."""

LEAST_BLANK = 0.5
"""Probability of being empty from which an event waits among the empties."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. `about`: one line on the page. `value`: the SQL column it is ordered by.

    `condition`: SQL that its events meet, with `:reviewer`, `:label` and `:class` as parameters.
    `state`: that of all its events; '' where the filter may choose.
    """

    name: str
    title: str
    about: str
    source: Source
    value: str
    descending: bool = False
    condition: str = ""
    state: EventState | Literal[""] = ""

    @property
    def number(self) -> str:
        """The SQL column with the number of the event, by which equal values are ordered."""
        return "e.number" if self.source == "events" else "p.event"


_NOT_MINE = (
    "e.state IN ('answered', 'unsure', 'disagreement')"
    " AND NOT EXISTS (SELECT 1 FROM answers WHERE event = e.key AND reviewer = :reviewer)"
)

QUEUES = (
    Queue("all", "All events", "In their own order.", "events", "e.position"),
    Queue(
        "unsure",
        "Unsure first",
        "The two most probable classes are close.",
        "predictions",
        "p.doubt",
        descending=True,
        condition="p.doubt IS NOT NULL",
    ),
    Queue(
        "label-errors",
        "Likely label errors",
        "The label of the inventory is probably wrong.",
        "predictions",
        "p.label_error",
        descending=True,
        condition="p.label_error IS NOT NULL",
    ),
    Queue(
        "worth",
        "Most worth a label",
        "A model learns most from these.",
        "predictions",
        "p.worth",
        descending=True,
        condition="p.worth IS NOT NULL",
    ),
    Queue(
        "empties",
        "Empties to confirm",
        "Probably empty, the surest first.",
        "events",
        "e.blank",
        descending=True,
        condition=f"e.blank >= {LEAST_BLANK}",
    ),
    Queue(
        "class",
        "One class",
        "What the model calls so, the least sure first.",
        "predictions",
        "p.confidence",
        condition="p.answer = :class",
    ),
    Queue(
        "look-alikes",
        "Look-alikes",
        "Events that look alike, group by group.",
        "events",
        "e.cluster",
        condition="e.cluster IS NOT NULL",
    ),
    Queue("audit", "Random audit", "Events drawn at random.", "events", "e.audit"),
    Queue(
        "second",
        "Second look",
        "Events that others answered, in random order.",
        "events",
        "+e.audit",  # the sign: by the index of the state, as few events have answers
        condition=_NOT_MINE,
    ),
    Queue(
        "disagreements",
        "Disagreements",
        "Reviewers gave different answers.",
        "events",
        "e.position",
        state="disagreement",
    ),
)


def find_queue(name: str) -> Queue:
    """Return the queue of a name; raises UsageError for an unknown one."""
    found = next((one for one in QUEUES if one.name == name), None)
    if found is None:
        raise UsageError(
            f"there is no queue '{name}'{did_you_mean(name, [one.name for one in QUEUES])}"
        )
    return found
