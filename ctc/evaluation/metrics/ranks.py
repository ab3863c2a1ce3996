"""Accuracy by rank: how often the genus, family, … of the most probable taxon is the true one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.taxonomy import Lineage, Taxonomy, animal_lineages
from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.estimator import Estimator
from ctc.evaluation.metrics.evaluation import Slice
from ctc.evaluation.metrics.slices import compute_slices
from ctc.evaluation.statistics.clusters import Clusters
from ctc.inference.decisions.ranks import RankGroups, rank_groups

UNRANKED = -1
"""Group of a truth that names no taxon of a rank."""


def rank_slices(
    clusters: Clusters,
    event: Int32Array,
    truth: Int32Array,
    foreign_names: Mapping[int, str],
    probabilities: ProbabilityMatrix,
    classes: Sequence[str],
    taxonomy: Taxonomy,
) -> tuple[Slice, ...]:
    """Return a slice for each rank that names a class, the lowest rank first.

    `event`, `truth` (N,): of each prediction; `foreign_names`: by event, the class behind FOREIGN.
    `probabilities` (N, classes) add up to those of taxa; the most probable taxon, or class that is
    no animal, is the answer. A truth that the model doesn't know counts where the taxonomy names
    its taxon. Truths without a taxon at a rank are left out there, but those that are no animals,
    such as blanks, count at every rank.
    """
    names = [
        classes[number] if number >= 0 else foreign_names.get(one, "")
        for number, one in zip(truth.tolist(), event.tolist(), strict=True)
    ]
    names = [name if number != MISSING else "" for name, number in zip(names, truth, strict=True)]
    return tuple(
        found
        for groups in rank_groups(classes, taxonomy)
        for found in _slices(groups, names, probabilities, classes, taxonomy, clusters, event)
    )


def _slices(
    groups: RankGroups,
    names: Sequence[str],
    probabilities: ProbabilityMatrix,
    classes: Sequence[str],
    taxonomy: Taxonomy,
    clusters: Clusters,
    event: Int32Array,
) -> Iterator[Slice]:
    numbers = _group_numbers(groups, names, classes, animal_lineages(taxonomy))
    kept = np.flatnonzero(numbers != UNRANKED)
    if len(kept):
        true = numbers[kept].astype(np.int32)
        answered = groups.sums(probabilities[kept]).argmax(axis=1)
        estimator = Estimator.from_events(clusters, event[kept], answered == true)
        place = np.zeros(len(kept), np.int64)
        yield from compute_slices([groups.rank], place, true, answered, estimator)


def _group_numbers(
    groups: RankGroups,
    names: Sequence[str],
    classes: Sequence[str],
    known: Mapping[str, Lineage],
) -> NDArray[np.int64]:
    """Return the group of each name, (N,): beyond those of the model for a taxon that it lacks."""
    of_taxon = {
        taxon[groups.rank]: number
        for number, taxon in enumerate(groups.taxa)
        if taxon and groups.rank in taxon
    }
    of_class = {
        name: int(groups.group[place]) for place, name in enumerate(classes) if not known.get(name)
    }
    numbers = {
        name: of_taxon.setdefault(known[name][groups.rank], len(groups.taxa) + len(of_taxon))
        if groups.rank in known.get(name, {})
        else of_class.get(name, UNRANKED)
        for name in dict.fromkeys(names)
    }
    return np.array([numbers[name] for name in names], np.int64)
