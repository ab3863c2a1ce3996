"""Lineages of classes from a taxonomy, for predictions that have none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctc.artifacts.taxonomy import animal_lineages
from ctc.artifacts.taxonomy_file import listed, match_classes, read_taxonomy
from ctc.errors import InputError
from ctc.tagging.records import Answer, TaggedPhoto, known_answers


def add_lineages(photos: Sequence[TaggedPhoto], path: Path, label: str) -> tuple[str, ...]:
    """Give answers of a label that have no lineage that of a file; return notes to print.

    Raises CtcError for a file that can't be used, or knows none of the classes.
    """
    answers = (one for photo in photos for one in known_answers(photo.answers))
    classes = tuple(dict.fromkeys(one.name for one in answers if one.label == label))
    found = match_classes(read_taxonomy(path, classes), classes)
    known = animal_lineages(found.taxonomy)
    lineages = {name: tuple(known[name].values()) for name in classes if known.get(name)}
    if classes and not lineages:
        raise InputError(f"the taxonomy '{path}' has a lineage for none of {listed(classes)}")

    def completed(one: Answer) -> Answer:
        is_lacking = one.label == label and not one.lineage
        return one._replace(lineage=lineages.get(one.name, ())) if is_lacking else one

    for photo in photos:
        photo.answers = tuple(map(completed, photo.answers))
    return (f"'{path}' says nothing of {listed(found.missing)}",) if found.missing else ()
