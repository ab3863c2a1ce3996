"""SpeciesNet's files: the labels of its classifier with their taxonomy, and info.json.

A line of the labels is `uuid;class;order;family;genus;species;common name`, in the order of the
output: https://github.com/google/cameratrapai, `taxonomy_utils.py`. The classifier gets 480×480
pixels / 255, and its answers are logits: `classifier.py` there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctc.artifacts.taxonomy import COMMON_NAME, SPECIESNET_RANKS
from ctc.artifacts.taxonomy_file import is_speciesnet_label as is_label
from ctc.errors import InputError, shorten
from ctc.model_import.description import Description, Taxonomy
from ctc.model_import.metadata.fields import get_text, path_beside, read_text

SIDE = 480
_NOTES = {
    "always_crop": "SpeciesNet's own program crops a photo to the surest box of a detector first: "
    "give ctc such crops, or expect other answers",
    "full_image": "SpeciesNet's own program cuts off up to 30 % of a photo's height first, at the "
    "top and the bottom: ctc does not",
}


def parse_labels(lines: Sequence[str], path: object) -> tuple[tuple[str, ...], Taxonomy]:
    """Return the classes and their taxonomy.

    A class is called by its common name; where several share one, by its scientific name, or all
    its ranks. Raises InputError for a line that is no label.
    """
    rows = []
    for number, line in enumerate(lines, 1):
        if not is_label(line):
            raise InputError(
                f"line {number} of '{path}', '{shorten(line)}', is no label of SpeciesNet: it has "
                f"{line.count(';') + 1} fields, not an id and six names with ';' between"
            )
        rows.append([field.strip() for field in line.split(";")][1:])
    common = Counter(row[5] for row in rows)
    scientific = Counter(_scientific_name(row) for row in rows)
    classes, taxonomy = [], {}
    for row in rows:
        name = row[5]
        if not name or common[name] > 1:
            name = _scientific_name(row)
            if not name or scientific[name] > 1 or name in common:
                name = ";".join(row)
        classes.append(name)
        keys = (*SPECIESNET_RANKS, COMMON_NAME)
        taxonomy[name] = {key: value for key, value in zip(keys, row, strict=True) if value}
    return tuple(classes), taxonomy


def _scientific_name(row: Sequence[str]) -> str:
    """Return the name of the lowest rank that is named: "canis lupus", "canis", "canidae"."""
    *_, genus, species, _ = row
    if genus and species:
        return f"{genus} {species}"
    return next((name for name in reversed(row[:5]) if name), "")


def describe_labels(path: Path) -> Description | None:
    """Return the classes of `NAME.labels.txt`, None if its lines are not SpeciesNet's."""
    lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if not lines or not is_label(lines[0]):
        return None
    classes, taxonomy = parse_labels(lines, path)
    return Description(
        path.name,
        classes=classes,
        taxonomy=taxonomy,
        size=(SIDE, SIDE),
        resize="stretch",
        scale=255.0,
        activation="softmax",
    )


def describe_info(data: Mapping[str, Any], path: Path) -> Description | None:
    """Return what info.json says, with the labels that it names, None if it isn't SpeciesNet's."""
    if get_text(data, "classifier") is None or get_text(data, "type") not in _NOTES:
        return None
    labels = get_text(data, "classifier_labels")
    found = None if labels is None else describe_labels(path_beside(path, labels))
    return replace(
        found or Description(path.name),
        source=f"SpeciesNet {get_text(data, 'version') or '?'}",
        notes=(_NOTES[str(data["type"])],),
    )
