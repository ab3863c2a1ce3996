"""What a review store holds: events with the model's answers, people, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ctc.artifacts.boxes import LabelledBox
from ctc.artifacts.predictions import ColumnValue
from ctc.artifacts.review.answer import Answer

MAX_GUESSES = 9
"""Guesses of the model that an event keeps per label: one for each of the keys 1 to 9."""

Role = Literal["reviewer", "lead"]
"""A lead settles disagreements, and adds reviewers and classes."""
ROLES: tuple[Role, ...] = ("reviewer", "lead")

ActionKind = Literal["answer", "undo", "redo"]

EventState = Literal["open", "answered", "unsure", "disagreement"]
"""Open: nobody answered. Disagreement: the reviewers' answers differ and no lead has answered.
Unsure: a label is "not sure" in the answer that counts. See `state.settle`."""
STATES: tuple[EventState, ...] = ("open", "answered", "unsure", "disagreement")


@dataclass(frozen=True, slots=True)
class ReviewLabel:
    """A label that people answer.

    `classes`: those to choose from. `predicted`: the model's, in the order of `probabilities`, ()
    for a label that it does not have. `multi_label`: several classes may be right at once.
    `is_open`: whoever answers may name further classes, which join `classes`.
    """

    name: str
    classes: tuple[str, ...] = ()
    predicted: tuple[str, ...] = ()
    multi_label: bool = False
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Guess:
    """A class and the probability (0–1) that the model gives it."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class ReviewPrediction:
    """The model's answer of one label for an event.

    `answer`: what the predictions answer, after thresholds and decisions; it may be `unknown`, or
    a taxon that is no class. `confidence`: its probability. `present`: the present classes of a
    multi-label label. `guesses`: the most probable classes, at most MAX_GUESSES. `probabilities`:
    of all classes in the order of `ReviewLabel.predicted`, () if not known. `columns`: further
    columns of decisions, such as `rank`, `prediction_set` and `dropped`. `truth`: the class that an
    inventory has for it, None if not known. Scores for queues, each the higher the earlier, None
    where they do not apply: `doubt` (1 − the margin between the two most probable classes),
    `label_error` (how likely `truth` is wrong), `worth` (of a label, `rank_for_labelling`).
    """

    answer: str
    confidence: float
    guesses: tuple[Guess, ...] = ()
    present: tuple[str, ...] | None = None
    probabilities: tuple[float, ...] = ()
    columns: Mapping[str, ColumnValue] = field(default_factory=dict)
    truth: str | None = None
    doubt: float | None = None
    label_error: float | None = None
    worth: float | None = None


@dataclass(frozen=True, slots=True)
class ReviewPhoto:
    """A photo of an event.

    `path`: as in the predictions; `ReviewStore.photo_location` says where it is. `taken`: ISO 8601
    without time zone, '' if not known. `boxes`: those of a detector, the surest first.
    `is_missing`: it was not there when it was last looked for.
    """

    path: str
    taken: str = ""
    boxes: tuple[LabelledBox, ...] = ()
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """Someone looks at an event; until `until`, UTC as ISO 8601 with milliseconds."""

    event: str
    reviewer: str
    until: str


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """An event with its photos, the model's answers and those of people.

    `key` names it in the store for good, also when predictions are made anew. `position`: its place
    in the predictions. `place`, `time` (ISO 8601 without time zone): '' if not known. `blank`: the
    probability that it is empty, None if no class says so. `cluster`: the number of its look-alike
    group, None if it has none. `meta`: further columns of the predictions. `answers`: the current
    one of each reviewer, by name, the latest last. `answer`: the one that counts, see
    `state.settle`; None while the event is open or in disagreement. `version`: the number of its
    latest record, 0 without any; give it back with an answer, to be told of others' work.
    `is_gone`: the current predictions have it no more.
    """

    key: str
    id: str
    position: int
    photos: tuple[ReviewPhoto, ...]
    place: str = ""
    time: str = ""
    predictions: Mapping[str, ReviewPrediction] = field(default_factory=dict)
    blank: float | None = None
    cluster: int | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    answer: Answer | None = None
    state: EventState = "open"
    version: int = 0
    is_gone: bool = False
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One change of a reviewer's answer to an event, as the store keeps it for good.

    `number` counts the records of the store. `action` is shared by the records that were made at
    once: one key press for a whole selection is one action. `refers_to`: the action that an undo
    takes back, or the undo that a redo takes back. `made_at`: UTC as ISO 8601 with milliseconds.
    `before`, `after`: the reviewer's answer to the event, None without one.
    """

    number: int
    action: int
    event: str
    reviewer: str
    role: Role
    made_at: str
    kind: ActionKind
    refers_to: int | None
    before: Answer | None
    after: Answer | None


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Someone who answers; `is_active`: their token is accepted."""

    name: str
    role: Role = "reviewer"
    is_active: bool = True
