"""Roll-up: an answer at the lowest rank that is sure, `ctc predict --roll-up`.

Probabilities add up the tree of the taxonomy: that of Felidae is the sum of its classes. At each
rank the classes fall into groups, a taxon or a class alone (blanks, people, vehicles, and classes
that name nothing at this rank), whose sums add up to 1. The answer is the most probable class if it
reaches its threshold, else the most probable group of the lowest rank that is a taxon and reaches
the threshold of the rank, else unknown. `ctc calibrate --taxonomy` fits the thresholds of ranks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import UNKNOWN, ColumnValue, EventPrediction
from ctc.artifacts.taxonomy import (
    COMMON_NAME,
    RANKS,
    TAXON_ID,
    Lineage,
    Taxonomy,
    animal_lineages,
    lineage_down_to,
    lineage_text,
    lineages,
    lowest_rank,
    scientific_name,
    taxa,
)
from ctc.errors import InputError, UsageError
from ctc.inference.decisions.promised import Entry, promised
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.inference.config import PredictConfig
    from ctc.inference.decisions.choice import AnswerFacts

ROLL_UP = "ranks"
"""Name of the decision, and of its kind of promise."""
OWN_CLASS = ""
_TEXTS = {
    OWN_CLASS: "with a class of the model",
    **{rank: f"at the rank '{rank}'" for rank in reversed(RANKS)},
    UNKNOWN: f"'{UNKNOWN}'",
}


@dataclass(frozen=True)
class RankGroups:
    """The groups of C classes at one rank.

    `group` (C,): the number of each class's group. `taxa`: per group its lineage down to this rank;
    None for a class alone.
    """

    rank: str
    group: NDArray[np.intp]
    taxa: tuple[Lineage | None, ...]

    def sums(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities of the groups, (N, groups), for those of classes, (N, C)."""
        size = len(self.taxa)
        rows = [np.bincount(self.group, row, size) for row in probabilities.astype(np.float64)]
        return np.array(rows, np.float32).reshape(len(rows), size)

    def best(
        self, probabilities: NDArray[np.float32]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the most probable group of each row and its sum; −1 where it is no taxon."""
        sums = self.sums(probabilities)
        best = sums.argmax(axis=1)
        is_taxon = np.array([taxon is not None for taxon in self.taxa])
        score = sums[np.arange(len(sums)), best]
        return np.where(is_taxon[best], best, -1), score


def rank_groups(classes: Sequence[str], taxonomy: Taxonomy) -> tuple[RankGroups, ...]:
    """Return the groups at each rank that names a class, the lowest rank first."""
    known = animal_lineages(taxonomy)
    found = [known.get(name, {}) for name in classes]
    return tuple(
        _groups(rank, found) for rank in reversed(RANKS) if any(rank in one for one in found)
    )


def _groups(rank: str, found: Sequence[Lineage]) -> RankGroups:
    numbers: dict[object, int] = {}
    taxa: list[Lineage | None] = []
    group = []
    for place, one in enumerate(found):
        key = one.get(rank, place)
        if key not in numbers:
            numbers[key] = len(taxa)
            taxa.append(lineage_down_to(one, rank) if rank in one else None)
        group.append(numbers[key])
    return RankGroups(rank, np.array(group, np.intp), tuple(taxa))


class RankAnswer(NamedTuple):
    """An answer: its name, probability and lineage; '' is the rank of a class without one."""

    name: str
    probability: float
    rank: str
    lineage: Lineage


@dataclass(frozen=True)
class RollUp:
    """How answers for one label are rolled up.

    `thresholds`: of classes, None where a class is never the answer; `limits`: of ranks, alike.
    """

    classes: tuple[str, ...]
    taxonomy: Taxonomy
    thresholds: Mapping[str, float | None]
    limits: Mapping[str, float | None]

    @classmethod
    def from_settings(cls, classes: tuple[str, ...], settings: Mapping[str, Any]) -> RollUp:
        """Return the roll-up of the settings that `to_settings` returned."""
        return cls(classes, settings["taxonomy"], settings["thresholds"], settings["ranks"])

    def to_settings(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "taxonomy": {name: dict(entry) for name, entry in self.taxonomy.items()},
            "thresholds": dict(self.thresholds),
            "ranks": dict(self.limits),
        }

    def answer(self, probabilities: NDArray[np.float32], left: float = 1.0) -> RankAnswer:
        """Return the answer for the probabilities of the classes, (C,).

        `left`: what they had in all before they were scaled to the sum 1. Thresholds are reached by
        what was there before: classes that were ruled out prove nothing for the others.
        """
        best = int(probabilities.argmax())
        name, value = self.classes[best], probabilities[best]
        if _reaches(value * left, self.thresholds.get(name, 0.0)):
            ranks = self._lineages.get(name, {})
            return RankAnswer(name, float(value), lowest_rank(ranks), ranks)
        for groups, limit in self._steps:
            number, score = (one[0] for one in groups.best(probabilities[np.newaxis]))
            taxon = groups.taxa[number]
            if number >= 0 and taxon is not None and _reaches(score * left, limit):
                return RankAnswer(taxon[groups.rank], float(score), groups.rank, taxon)
        return RankAnswer(UNKNOWN, float(value), "", {})

    def columns(self, answer: RankAnswer) -> dict[str, ColumnValue]:
        """Return the columns of an answer, None where nothing is known."""
        entry = self._entry(answer)
        return {
            "rank": answer.rank or None,
            "scientific_name": scientific_name(answer.lineage) or None,
            "common_name": entry.get(COMMON_NAME) or None,
            "taxon_id": entry.get(TAXON_ID) or None,
            "lineage": lineage_text(answer.lineage) if answer.lineage else None,
        }

    def _entry(self, answer: RankAnswer) -> Mapping[str, str]:
        if answer.name in self.classes and answer.name in self.taxonomy:
            return self.taxonomy[answer.name]
        return self.taxonomy.get(self._taxa.get((answer.rank, answer.name), ""), {})

    @cached_property
    def _steps(self) -> tuple[tuple[RankGroups, float], ...]:
        found = rank_groups(self.classes, self.taxonomy)
        limits = ((groups, self.limits.get(groups.rank)) for groups in found)
        return tuple((groups, limit) for groups, limit in limits if limit is not None)

    @cached_property
    def _lineages(self) -> Mapping[str, Lineage]:
        return lineages(self.taxonomy)

    @cached_property
    def _taxa(self) -> Mapping[tuple[str, str], str]:
        return taxa(self.taxonomy)


def _reaches(value: np.floating[Any] | float, limit: float | None) -> bool:
    return limit is not None and bool(np.float32(value) >= np.float32(limit))


@dataclass(frozen=True)
class RollUpDecision:
    """A `Decision`: `settings` by label, see `RollUp.to_settings`."""

    settings: Mapping[str, Mapping[str, Any]]
    looks_first: bool = False

    def look(self, events: Iterable[EventPrediction]) -> None:
        """See `Decision`."""

    def decide(self, event: EventPrediction) -> EventPrediction:
        """Return the event with its answers; what is unlike anything learnt stays unknown."""
        for label, roll_up in self._roll_ups(event):
            if event.is_stranger():
                nothing = RankAnswer(*event.top(label), "", {})
                self._told[label][UNKNOWN] += 1
                event = event.with_columns(label, roll_up.columns(nothing))
            else:
                left = event.left.get(label, 1.0)
                answer = roll_up.answer(event.probabilities[label], left)
                self._told[label][_kind(answer, roll_up.classes)] += 1
                decided = answer.name, answer.probability
                event = event.with_columns(label, roll_up.columns(answer), decided)
        return event

    def report(self) -> tuple[str, ...]:
        """Return how many events were answered at each rank."""
        return tuple(
            f"'{label}': {counted(sum(found.values()), 'event')} answered, "
            + ", ".join(f"{found[kind]:,} {text}" for kind, text in _TEXTS.items() if found[kind])
            for label, found in self._told.items()
            if found
        )

    def _roll_ups(self, event: EventPrediction) -> Iterator[tuple[str, RollUp]]:
        for label, settings in self.settings.items():
            if label not in self._known:
                self._known[label] = RollUp.from_settings(event.classes[label], settings)
            yield label, self._known[label]

    @cached_property
    def _known(self) -> dict[str, RollUp]:
        return {}

    @cached_property
    def _told(self) -> dict[str, Counter[str]]:
        return {label: Counter() for label in self.settings}


def _kind(answer: RankAnswer, classes: Sequence[str]) -> str:
    if answer.name == UNKNOWN:
        return UNKNOWN
    return OWN_CLASS if answer.name in classes else answer.rank


def choose_roll_up(config: PredictConfig, answers: AnswerFacts) -> dict[str, Any] | None:
    """Return the settings for `--roll-up`, None without it; see `Chooser`."""
    if not config.roll_up:
        return None
    others = (
        ("--threshold", config.threshold),
        ("--classes", config.class_list),
        ("--prior", config.prior),
    )
    for option, given in others:
        if given is not None:
            raise UsageError(
                f"--roll-up and {option} exclude each other: the promise of a rank is for the "
                "model's own probabilities and thresholds"
            )
    entries = promised(answers, ROLL_UP, "--roll-up")
    found = {label: _settings(label, entry, answers) for label, entry in entries.items()}
    if not any(limit is not None for one in found.values() for limit in one["ranks"].values()):
        label, entry = next(iter(entries.items()))
        raise UsageError(
            f"--roll-up: no rank of '{label}' has a promise ({_refusals(entry)}): calibrate on "
            "more events and locations, or with a lower --precision"
        )
    return found


def _refusals(entry: Entry) -> str:
    """Return why no rank has a promise, each reason once with its ranks."""
    ranks_of: dict[str, list[str]] = {}
    for rank, one in entry["ranks"].items():
        ranks_of.setdefault(str(one.get("refusal")), []).append(rank)
    return "; ".join(f"{', '.join(ranks)}: {refusal}" for refusal, ranks in ranks_of.items())


def _settings(label: str, entry: Entry, answers: AnswerFacts) -> dict[str, Any]:
    taxonomy = answers.info.taxonomy.get(label, {})
    try:
        ranks = {rank: dict(one)["threshold"] for rank, one in entry["ranks"].items()}
        limits, thresholds = _limits(ranks), _limits(entry["thresholds"])
        return RollUp(answers.schema.labels[label], taxonomy, thresholds, limits).to_settings()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the model's ranks are damaged ({error!r}): calibrate its original again"
        ) from None


def _limits(found: Mapping[str, Any]) -> dict[str, float | None]:
    """Return thresholds; raises ValueError for what is neither a probability nor None."""
    limits = dict(found)
    if not all(one is None or 0 <= one < 1.001 for one in limits.values()):
        raise ValueError(f"{limits} are no probabilities")
    return limits
