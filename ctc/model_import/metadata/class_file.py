"""Files that list the classes of a network: `--classes`.

- text, one class per line, in the order of the output;
- SpeciesNet's labels, see `speciesnet`;
- CSV with a header and a column `class`, `label`, `name` or `species`, and maybe `id` or `index`:
  animl's class lists (https://github.com/conservationtechlab/animl-py, `load_class_list`);
- JSON: a list of names; an object of number → name or name → number; a Hugging Face or timm
  config.json; Birder's metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctc.artifacts.taxonomy_file import is_speciesnet_label
from ctc.errors import InputError, UsageError
from ctc.model_import.description import Description
from ctc.model_import.metadata import birder, hugging_face, speciesnet, timm
from ctc.model_import.metadata.fields import (
    MAX_CLASSES,
    class_list,
    classes_by_number,
    read_json,
    read_text,
)
from ctc.storage.csv_reader import read_rows

ORIGIN = "--classes"
_NAMES = ("class", "class_name", "classname", "label", "name", "species", "common_name")
_NUMBERS = ("id", "index", "idx", "class_id", "number", "code")


def read_class_file(path: Path) -> Description:
    """Return the classes in a file, and their taxonomy if it has one.

    Raises CtcError for a file that isn't there or is none of these, and for gaps in its order.
    """
    if not path.is_file():
        raise UsageError(
            f"--classes '{path}' is not there: give a text file with one class per line"
        )
    suffix = path.suffix.lower()
    if suffix == ".json":
        return Description(ORIGIN, classes=_json_classes(path))
    if suffix in (".csv", ".tsv"):
        return Description(ORIGIN, classes=_table_classes(path))
    lines = read_lines(path)
    if is_speciesnet_label(lines[0]):
        classes, taxonomy = speciesnet.parse_labels(lines, path)
        return Description(ORIGIN, classes=classes, taxonomy=taxonomy)
    return Description(ORIGIN, classes=lines)


def read_lines(path: Path) -> tuple[str, ...]:
    """Return the lines of a text file, without blanks at their ends or empty lines at its end.

    Raises InputError for an empty line in between, which would shift all classes after it.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if not lines or len(lines) > MAX_CLASSES:
        raise InputError(f"'{path}' holds {len(lines):,} classes: write one per line")
    if "" in lines:
        raise InputError(
            f"line {lines.index('') + 1} of '{path}' is empty: write one class per line, in the "
            "order of the network's output"
        )
    return tuple(lines)


def _json_classes(path: Path) -> tuple[str, ...]:
    data = read_json(path)
    if isinstance(data, list):
        return class_list(data, "the list", path)
    if not isinstance(data, dict):
        raise InputError(f"'{path}' holds neither a list nor an object of classes")
    for reader in (timm.classes_of, birder.classes_of, hugging_face.classes_of):
        found = reader(data, path)
        if found is not None:
            return found
    return classes_by_number(data, path)


def _table_classes(path: Path) -> tuple[str, ...]:
    columns, rows = read_rows(path)
    name = _find(columns, _NAMES)
    if name is None:
        raise InputError(
            f"'{path}' has no column 'class' among {', '.join(columns)}: name the column of the "
            "classes 'class', or give a text file with one class per line"
        )
    number = _find(columns, _NUMBERS)
    found = [(row.get(name, "").strip(), row.get(number or "", "").strip()) for _, row in rows]
    for at, (cell, _) in enumerate(found, 1):
        if not cell:
            raise InputError(f"row {at} of '{path}' has no '{name}': give each class a name")
    if not found:
        raise InputError(f"'{path}' lists no classes")
    if number is None or not all(digits.isdecimal() for _, digits in found):
        return tuple(cell for cell, _ in found)
    return _by_number([(int(digits), cell) for cell, digits in found], path)


def _find(columns: Sequence[str], names: Sequence[str]) -> str | None:
    folded: Mapping[str, str] = {column.strip().lower(): column for column in reversed(columns)}
    return next((folded[name] for name in names if name in folded), None)


def _by_number(pairs: list[tuple[int, str]], path: Path) -> tuple[str, ...]:
    """Return the names by their numbers, which may begin at 0 or 1."""
    first = min(number for number, _ in pairs)
    shifted: dict[Any, Any] = {number - min(first, 1): name for number, name in pairs}
    if len(shifted) < len(pairs):
        raise InputError(f"'{path}' has a class number twice")
    return classes_by_number(shifted, path)
