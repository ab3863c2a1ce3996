"""Which answer to an event counts, of those that its reviewers gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import EventState, Role


class Given(NamedTuple):
    """A reviewer's current answer to an event."""

    role: Role
    answer: Answer


def settle(given: Sequence[Given]) -> tuple[EventState, Answer | None]:
    """Return the state of an event and the answer that counts, from its answers, the latest last.

    The latest answer of a lead counts. Without one, reviewers must agree in every label that they
    both gave a class; a class comes before "not sure".
    """
    if not given:
        return "open", None
    leads = [one.answer for one in given if one.role == "lead"]
    agreed = leads[-1] if leads else _agreed([one.answer for one in given])
    if agreed is None:
        return "disagreement", None
    return ("answered" if agreed.is_sure else "unsure"), agreed


def _agreed(answers: Sequence[Answer]) -> Answer | None:
    """Return what all answers say, None if two give a label different classes."""
    labels: dict[str, tuple[str, ...] | None] = {}
    for answer in answers:
        for label, names in answer.labels.items():
            known = labels.get(label)
            if known is not None and names is not None and set(known) != set(names):
                return None
            labels[label] = names if known is None else known
    return Answer(labels)
