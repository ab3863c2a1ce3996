"""The part of a taxonomy file that concerns a model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ctc.artifacts.label_schema import LabelClasses
from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.taxonomy import Taxonomy, animal_lineages
from ctc.artifacts.taxonomy_file import (
    MatchedTaxonomy,
    listed,
    match_classes,
    read_taxonomy,
)
from ctc.errors import InputError
from ctc.reporting import counted


class ModelTaxonomy(NamedTuple):
    """The taxonomies of labels, and notes about classes that are missing or unknown."""

    labels: Mapping[str, Taxonomy]
    notes: tuple[str, ...]


def read_model_taxonomy(
    path: Path, labels: LabelClasses, foreign: Mapping[str, Collection[str]] | None = None
) -> ModelTaxonomy:
    """Return the taxonomy of each label whose classes the file knows as animals.

    `foreign`: by label, classes in the data that the model doesn't know: their entries are kept
    too. Raises CtcError for a file that can't be read or contradicts itself, or knows no class.
    """
    every_class = [name for classes in labels.values() for name in classes]
    rows = read_taxonomy(path, every_class)
    found = {
        label: match_classes(rows, classes, sorted((foreign or {}).get(label, ())))
        for label, classes in labels.items()
    }
    told = {label: one for label, one in found.items() if _knows_animals(one, labels[label])}
    if not told:
        raise InputError(
            f"the taxonomy '{path}' has a lineage for no class of the model: it has "
            f"{listed([row.key for row in rows])}, the model {listed(every_class)}"
        )
    return ModelTaxonomy(
        {label: one.taxonomy for label, one in told.items()},
        tuple(_notes(path, told)),
    )


def _knows_animals(found: MatchedTaxonomy, classes: Sequence[str]) -> bool:
    known = animal_lineages(found.taxonomy)
    return any(known.get(name) for name in classes)


def _notes(path: Path, found: Mapping[str, MatchedTaxonomy]) -> Iterator[str]:
    for label, one in found.items():
        missing = [name for name in one.missing if observation_type(name) == "animal"]
        if missing:
            yield (
                f"the taxonomy '{path}' lacks {counted(len(missing), 'class', 'classes')} of "
                f"'{label}', which {'has' if len(missing) == 1 else 'have'} no rank then: "
                f"{listed(missing)}"
            )
    unknown = set.intersection(*(set(one.unknown) for one in found.values()))
    if unknown:
        yield (
            f"the taxonomy '{path}' has {counted(len(unknown), 'class', 'classes')} that neither "
            f"the model nor the data have: {listed(sorted(unknown))}"
        )
