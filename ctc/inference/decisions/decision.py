"""The contract of decisions, and their order.

A decision turns the prediction of an event into one that says more: another answer, or further
columns. What it needs is JSON in the settings of the run's header, so that a resumed run and
`ctc merge` decide in the same way. The journal keeps what the network said.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol, runtime_checkable

from ctc.artifacts.predictions import EventPrediction, Failure

DECISIONS = "decisions"
"""Key in the settings of a run's header: the settings of each decision, by its name."""

Entry = EventPrediction | Failure


class Decision(Protocol):
    """Decides about one event after the other."""

    @property
    def looks_first(self) -> bool:
        """Whether `look` wants to see all events before the first is decided."""

    def look(self, events: Iterable[EventPrediction]) -> None:
        """See all events."""

    def decide(self, event: EventPrediction) -> EventPrediction:
        """Return the event with what was decided."""


@runtime_checkable
class ReportingDecision(Protocol):
    """A decision that tells what it did."""

    def report(self) -> tuple[str, ...]:
        """Return lines for the user, when all events are decided."""


@runtime_checkable
class FilingDecision(Protocol):
    """A decision that keeps what it found in a file of its own."""

    def write_files(self, output: Path) -> None:
        """Write files beside the output, when all events are decided."""


DecisionFactory = Callable[[Any], Decision]
"""Makes a decision of its settings."""


@dataclass(frozen=True)
class Decisions:
    """Decisions in their order."""

    steps: tuple[Decision, ...] = ()

    @classmethod
    def from_settings(
        cls, settings: Mapping[str, Any], factories: Mapping[str, DecisionFactory]
    ) -> Decisions:
        """Return the decisions of a run's settings, in the order of `factories`."""
        given = settings.get(DECISIONS, {})
        return cls(tuple(make(given[name]) for name, make in factories.items() if name in given))

    def apply(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Yield the entries with what was decided; failures stay as they are."""
        for step in self.steps:
            entries = (
                _look_and_decide(step, entries) if step.looks_first else _decide(step, entries)
            )
        return entries

    def report(self) -> tuple[str, ...]:
        """Return what the decisions tell, when all events are decided."""
        told = (step.report() for step in self.steps if isinstance(step, ReportingDecision))
        return tuple(line for lines in told for line in lines)

    def write_files(self, output: Path) -> None:
        """Write what the decisions keep beside the output, when all events are decided."""
        for step in self.steps:
            if isinstance(step, FilingDecision):
                step.write_files(output)


def _decide(step: Decision, entries: Iterator[Entry]) -> Iterator[Entry]:
    for entry in entries:
        yield step.decide(entry) if isinstance(entry, EventPrediction) else entry


def _look_and_decide(step: Decision, entries: Iterator[Entry]) -> Iterator[Entry]:
    """Decide after a look at all events, which lie in a temporary file meanwhile."""
    with TemporaryFile() as file:

        def keep() -> Iterator[EventPrediction]:
            for entry in entries:
                pickle.dump(entry, file, pickle.HIGHEST_PROTOCOL)
                if isinstance(entry, EventPrediction):
                    yield entry

        step.look(keep())
        end = file.tell()
        file.seek(0)
        while file.tell() < end:
            yield from _decide(step, iter([pickle.load(file)]))
