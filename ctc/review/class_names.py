"""Other names of classes, from a taxonomy: whoever types one of them finds the class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ctc.artifacts.taxonomy import COMMON_NAME, TAXON_ID, lineage
from ctc.artifacts.taxonomy_file import match_classes, read_taxonomy


def read_class_names(path: Path, classes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the other names by class: the common name, the species, and the ranks above.

    Raises CtcError for a file that can't be used.
    """
    matched = match_classes(read_taxonomy(path, classes), classes).taxonomy
    return {name: _names(name, matched[name]) for name in classes if name in matched}


def _names(name: str, entry: Mapping[str, str]) -> tuple[str, ...]:
    ranks = list(reversed(lineage(entry).values()))
    found = [entry.get(COMMON_NAME, ""), *ranks]
    others = dict.fromkeys(one for one in found if one and one != name and one != TAXON_ID)
    return tuple(others)
