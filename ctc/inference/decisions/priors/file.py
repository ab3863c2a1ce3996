"""Files for `--prior`: how common the classes are at a place.

A CSV with the columns `class` and `share` or `count`, and maybe `label`. The numbers of a label
are taken in proportion. Classes without a row keep the share that they were calibrated on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ctc.errors import InputError, UsageError, did_you_mean, shorten
from ctc.inference.decisions.priors.shares import Floats
from ctc.storage.csv_reader import CsvTable, open_table

NUMBERS = ("share", "count")


def read_prior(
    path: Path, labels: Mapping[str, tuple[str, ...]], trained: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Return the shares (classes,) of each label that the file has rows for.

    `trained`: the shares of the labels that can be corrected. Raises CtcError for a file that can't
    be read, and for an unknown class or a number that is no share.
    """
    table = open_table(path)
    number = _number_column(table)
    found: dict[str, dict[str, float]] = {}
    for line, cells in table.rows():
        cell = {name: cells[at].strip() for name, at in table.columns.items()}
        where = f"'{path}' line {line}"
        label = _label_of(where, cell, labels, trained)
        own = found.setdefault(label, {})
        if cell["class"] in own:
            raise InputError(f"{where}: the class '{cell['class']}' has a row already")
        own[cell["class"]] = _to_number(where, cell[number])
    if not found:
        raise InputError(f"'{path}' has no rows: name classes and their shares")
    return {
        label: _complete(path, own, labels[label], trained[label]) for label, own in found.items()
    }


def _number_column(table: CsvTable) -> str:
    numbers = [name for name in NUMBERS if name in table.columns]
    if "class" not in table.columns or len(numbers) != 1:
        raise InputError(f"'{table.path}' needs the columns class, and share or count")
    return numbers[0]


def _label_of(
    where: str,
    cell: Mapping[str, str],
    labels: Mapping[str, tuple[str, ...]],
    trained: Mapping[str, Floats],
) -> str:
    wanted, name = cell.get("label", ""), cell["class"]
    if wanted and wanted not in trained:
        raise UsageError(f"{where}: unknown label '{wanted}'{did_you_mean(wanted, trained)}")
    searched = [wanted] if wanted else list(trained)
    having = [label for label in searched if name in labels[label]]
    if not having:
        near = did_you_mean(name, {one for label in searched for one in labels[label]})
        raise UsageError(f"{where}: unknown class '{shorten(name)}'{near}")
    if len(having) > 1:
        raise UsageError(
            f"{where}: class '{name}' belongs to '{having[0]}' and to '{having[1]}': add a column"
            " label"
        )
    return having[0]


def _to_number(where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{where}: '{shorten(text)}' is no share or count: write a number from 0")
    return value


def _complete(
    path: Path, own: Mapping[str, float], classes: tuple[str, ...], trained: Floats
) -> Floats:
    """Return the shares of all classes; those that are listed share what the others leave."""
    listed = np.array([name in own for name in classes])
    given = np.array([own.get(name, 0.0) for name in classes])
    if not given.sum() > 0:
        raise InputError(f"'{path}': all shares are 0: give one that is not")
    return np.where(listed, given / given.sum() * trained[listed].sum(), trained)
