"""Decisions are made in their order, after a look at all events where one asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.inference.decisions.decision import DECISIONS, Decisions

FAILURE = Failure("bad.jpg", "it is damaged")


def event(name: str, value: float) -> EventPrediction:
    probabilities = {"species": np.array([value, 1 - value], np.float32)}
    photo = ImagePrediction(f"{name}.jpg", probabilities)
    return EventPrediction(name, {"species": ("deer", "fox")}, probabilities, (photo,))


@dataclass
class Mark:
    """Adds its text to the answer's name."""

    text: str
    looks_first: bool = False
    seen: list[str] = field(default_factory=list)

    def look(self, events: Iterable[EventPrediction]) -> None:
        self.seen += [one.id for one in events]

    def decide(self, event: EventPrediction) -> EventPrediction:
        name, value = event.top("species")
        marked = f"{name}{self.text}{len(self.seen) or ''}"
        return event.with_columns("species", {"rank": self.text}, (marked, value))


def test_an_event_gets_the_decided_answer_and_its_columns() -> None:
    (found,) = Decisions((Mark("!"),)).apply(iter([event("a", 0.75)]))
    assert isinstance(found, EventPrediction)
    assert found.top("species") == ("deer!", 0.75)
    assert found.columns == {"species": {"rank": "!"}}


def test_the_answer_for_a_photo_stays() -> None:
    (found,) = Decisions((Mark("!"),)).apply(iter([event("a", 0.75)]))
    assert isinstance(found, EventPrediction)
    assert found.top("species", found.images[0]) == ("deer", 0.75)


def test_failures_pass_by() -> None:
    assert list(Decisions((Mark("!"),)).apply(iter([FAILURE]))) == [FAILURE]


def test_a_decision_that_looks_first_sees_all_events_before_it_decides() -> None:
    entries = [event("a", 0.75), FAILURE, event("b", 0.25)]
    found = list(Decisions((Mark("?", looks_first=True),)).apply(iter(entries)))
    names = [one.top("species")[0] if isinstance(one, EventPrediction) else one for one in found]
    assert names == ["deer?2", FAILURE, "fox?2"]


def test_decisions_come_in_the_order_of_the_factories() -> None:
    factories = {"first": lambda _: Mark("1"), "second": lambda text: Mark(text)}
    chosen = Decisions.from_settings({DECISIONS: {"second": "2", "first": None}}, factories)
    (found,) = chosen.apply(iter([event("a", 0.75)]))
    assert isinstance(found, EventPrediction)
    assert found.top("species")[0] == "deer12"
