"""Blank photos of events that show something."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints, factorize
from ctc.artifacts.inventory import Inventory
from ctc.artifacts.observation_types import observation_type

_SHOWN = ("animal", "human", "vehicle")


def superseded_blanks(inventory: Inventory, rows: Ints, group: Ints) -> NDArray[np.bool_]:
    """Return which of `rows`, (n,), are blank while another row of its group is not.

    `group`: the number of each row's group. Blank is a row with a class such as `empty`; a label
    without any such class is not looked at. An unknown or missing class does not supersede a blank
    one.
    """
    blank = np.zeros(len(rows), bool)
    shown = np.zeros(len(rows), bool)
    for label in inventory.labels:
        classes, numbers = factorize(inventory.table[label])
        types = [observation_type(name) for name in classes.to_pylist()]
        if "blank" not in types:
            continue
        type_of_row = np.array([*types, ""], dtype=object)[
            numbers[rows]
        ]  # -1, missing, is the last
        blank |= type_of_row == "blank"
        shown |= np.isin(type_of_row, _SHOWN)
    has_shown = np.zeros(int(group.max(initial=-1)) + 1, bool)
    has_shown[group[shown]] = True
    superseded: NDArray[np.bool_] = blank & has_shown[group]
    return superseded
