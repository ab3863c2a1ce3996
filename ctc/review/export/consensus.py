"""What people say of an event, where several of them answered it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import Role

Consensus = Literal["agreed", "majority", "latest", "lead"]
"""Whose answer to a label counts. `latest`: the last one. `lead`: the last one of a lead. The
others: the last one of a lead, and without one what all (`agreed`), or more than half (`majority`),
of those say who gave it a class."""
RULES: tuple[Consensus, ...] = ("agreed", "majority", "latest", "lead")


class Given(NamedTuple):
    """A reviewer's current answer to an event; `made_at` as in the store."""

    reviewer: str
    role: Role
    made_at: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Verdict:
    """What people say of a label: its classes, None for "not sure"; who says so, and when last."""

    classes: tuple[str, ...] | None
    reviewers: tuple[str, ...]
    made_at: str


class _Vote(NamedTuple):
    reviewer: str
    role: Role
    made_at: str
    classes: tuple[str, ...] | None


def decide(given: Sequence[Given], rule: Consensus) -> dict[str, Verdict | None]:
    """Return the verdict on each label that was answered, None where the rule gives none.

    `given`: the latest last.
    """
    names = dict.fromkeys(label for one in given for label in one.answer.labels)
    return {label: _decide_label(_votes(given, label), rule) for label in names}


def _votes(given: Sequence[Given], label: str) -> list[_Vote]:
    return [
        _Vote(one.reviewer, one.role, one.made_at, one.answer.labels[label])
        for one in given
        if label in one.answer.labels
    ]


def _decide_label(votes: Sequence[_Vote], rule: Consensus) -> Verdict | None:
    leads = [vote for vote in votes if vote.role == "lead"]
    if rule == "latest":
        return _verdict(votes[-1:])
    if leads or rule == "lead":
        return _verdict(leads[-1:])
    sure = [vote for vote in votes if vote.classes is not None]
    if not sure:
        return _verdict(votes)
    ((best, count),) = Counter(frozenset(vote.classes or ()) for vote in sure).most_common(1)
    enough = count == len(sure) if rule == "agreed" else 2 * count > len(sure)
    return _verdict([one for one in sure if set(one.classes or ()) == best] if enough else [])


def _verdict(votes: Sequence[_Vote]) -> Verdict | None:
    """Return what votes that agree say, None for none."""
    if not votes:
        return None
    return Verdict(
        votes[-1].classes, tuple(vote.reviewer for vote in votes), max(v.made_at for v in votes)
    )
