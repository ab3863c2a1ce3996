"""Labels that may have several classes at once: their truth, and how well it is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.predictions import PRESENT
from ctc.evaluation.answers.collector import counted
from ctc.evaluation.answers.predictions import UNITS, Answers, Probabilities, Scored
from ctc.evaluation.metrics.class_metrics import Scores, average_precision, ratio
from ctc.evaluation.metrics.evaluation import MultiLabelEvaluation, MultiLabelScores, RareClasses
from ctc.evaluation.metrics.intervals import Ints, Resampling, share

Rows = NDArray[np.int8]
Flags = NDArray[np.bool_]


def rows_of(seen: Sequence[Collection[str]], classes: tuple[str, ...]) -> tuple[Rows, Mapping[str, int]]:
    """The truth as `Scored.multi_label` has it, of events that show these classes (none: missing); and the classes that the model doesn't
    know, with their events."""
    known = {name: number for number, name in enumerate(classes)}
    rows = np.full((len(seen), len(classes)), MISSING, np.int8)
    for row, names in enumerate(seen):
        if names:
            rows[row] = 0
            rows[row, [known[name] for name in names if name in known]] = 1
    return rows, counted(name for names in seen for name in set(names) - known.keys())


def multi_label_evaluation(
    scored: Scored,
    label: str,
    thresholds: Mapping[str, float | None] | None,
    rare: Callable[[Scores], RareClasses],
) -> MultiLabelEvaluation:
    """`thresholds`: the model's own by class, if it has some; `rare`: which classes are."""
    classes, of_events = scored.classes[label], scored.multi_label[label]
    lowest = _lowest(thresholds, classes)
    units = {}
    for unit in UNITS:
        answers = scored.of(unit)
        if answers is not None and (of_events[answers.event] != MISSING).any():
            units[unit] = _unit(answers, of_events[answers.event], label, classes, lowest, rare)
    return MultiLabelEvaluation(classes, scored.foreign.get(label, {}), units)


def _unit(
    answers: Answers,
    rows: Rows,
    label: str,
    classes: tuple[str, ...],
    lowest: NDArray[np.float32],
    rare: Callable[[Scores], RareClasses],
) -> MultiLabelScores:
    kept = np.flatnonzero(rows[:, 0] != MISSING)
    there, probabilities = rows[kept] == 1, answers.probabilities[label][kept]
    said = probabilities >= lowest
    scores = _scores(there, said, probabilities, classes, Resampling.of(answers.event[kept]))
    top = there[np.arange(len(kept)), probabilities.argmax(axis=1)]
    return MultiLabelScores(
        n=len(kept),
        missing=len(rows) - len(kept),
        top_1=share(int(top.sum()), len(kept)),
        exact=share(int((there == said).all(axis=1).sum()), len(kept)),
        classes=scores.by_class(),
        macro=scores.macro(),
        weighted=scores.weighted(),
        rare=rare(scores),
    )


def _scores(
    there: Flags, said: Flags, probabilities: Probabilities, classes: tuple[str, ...], resampling: Resampling
) -> Scores:
    """`there`, `said` (N, K): what is true and what is told of each class."""

    def counts(flags: Flags) -> tuple[Ints, NDArray[np.float64]]:
        """(K,), and (RESAMPLES, K)."""
        answer, number = np.nonzero(flags)
        drawn = Resampling(resampling.bundle[answer], resampling.weights).counts(number, len(classes))
        return flags.sum(axis=0), drawn

    (hits, some_hits), (support, some_support), (predicted, some_predicted) = map(counts, (there & said, there, said))
    average = [
        average_precision(there[:, number], probabilities[:, number], resampling) for number in range(len(classes))
    ]
    return Scores(
        classes,
        support,
        predicted,
        _figures(hits, support, predicted) | {"average_precision": np.array([value for value, _ in average])},
        _figures(some_hits, some_support, some_predicted)
        | {"average_precision": np.stack([samples for _, samples in average], axis=1)},
    )


def _figures(
    hits: NDArray[np.generic], support: NDArray[np.generic], predicted: NDArray[np.generic]
) -> dict[str, NDArray[np.float64]]:
    right, there, said = (np.asarray(counts, np.float64) for counts in (hits, support, predicted))
    return {"precision": ratio(right, said), "recall": ratio(right, there), "f1": ratio(2 * right, there + said)}


def _lowest(thresholds: Mapping[str, float | None] | None, classes: tuple[str, ...]) -> NDArray[np.float32]:
    """(K,): from which probability on a class is there; infinity where none will do."""
    own = [(thresholds or {}).get(name, PRESENT) for name in classes]
    return np.array([np.inf if one is None else one for one in own], np.float32)
