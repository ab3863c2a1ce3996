"""How well reviewers agree about the events that several of them answered."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ctc.artifacts.review.answer import Answer

_SHARED = """
SELECT answers.event, reviewer, answers.answer
FROM answers JOIN events ON events.key = answers.event
WHERE is_gone = 0 AND event IN (SELECT event FROM answers GROUP BY event HAVING count(*) > 1)
ORDER BY answers.event, reviewer
"""
_JOIN = " + "
"""Between the classes of a multi-label answer, which count as one."""


@dataclass(frozen=True)
class Agreement:
    """How two reviewers, sorted by name, agree on a label.

    `events`: both gave it a class; `agreed`: the same one. `kappa`: Cohen's, −1 to 1, None if it is
    not defined, since both always gave the same single class.
    """

    reviewers: tuple[str, str]
    label: str
    events: int
    agreed: int
    kappa: float | None


def reviewer_agreements(connection: sqlite3.Connection) -> list[Agreement]:
    """Return the agreement of each pair of reviewers that have answered the same events, by label.

    "Not sure" does not count. `connection`: of `ReviewStore.read`.
    """
    by_event: defaultdict[str, list[tuple[str, Answer]]] = defaultdict(list)
    for event, reviewer, text in connection.execute(_SHARED):
        by_event[event].append((reviewer, Answer.from_json(text)))
    answers: defaultdict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for given in by_event.values():
        for (one, first), (other, second) in combinations(given, 2):
            for label, names in first.labels.items():
                others = second.labels.get(label)
                if names is not None and others is not None:
                    pair = _JOIN.join(sorted(names)), _JOIN.join(sorted(others))
                    answers[one, other, label].append(pair)
    return [
        _agreement((one, other), label, pairs)
        for (one, other, label), pairs in sorted(answers.items())
    ]


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Return Cohen's kappa of two equally long lists of classes, None if it is not defined.

    (agreement − chance) / (1 − chance), where chance is the agreement of two who answer at random
    with their own shares of each class: Cohen 1960, https://doi.org/10.1177/001316446002000104.
    """
    n = len(first)
    if not n:
        return None
    observed = sum(one == other for one, other in zip(first, second, strict=True)) / n
    one, other = Counter(first), Counter(second)
    chance = sum(one[name] * other[name] for name in one) / n**2
    return None if chance == 1 else (observed - chance) / (1 - chance)


def _agreement(
    reviewers: tuple[str, str], label: str, pairs: Sequence[tuple[str, str]]
) -> Agreement:
    first, second = zip(*pairs, strict=True)
    agreed = sum(one == other for one, other in pairs)
    return Agreement(reviewers, label, len(pairs), agreed, cohen_kappa(first, second))
