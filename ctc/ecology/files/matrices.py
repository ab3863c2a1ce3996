"""Matrices for models of occupancy, as `unmarked` and `spOccupancy` take them: one per species."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctc.ecology.figures import Figures
from ctc.ecology.files.tables import Table, matrix
from ctc.ecology.study import Study

FOLDER = "histories"
_UNSAFE = re.compile(r"[^\w.-]+")


def history_tables(study: Study, figures: Figures) -> Iterator[Table]:
    """Yield effort, and each species' detections y with, where drawn, their probability.

    Rows are units, columns occasions; NA without effort.
    """
    units = study.effort.units
    columns = [f"o{at}" for at in range(1, len(study.occasions.starts) + 1)]
    yield matrix(f"{FOLDER}/effort", "site", units, columns, study.occasions.effort)
    names = _file_names([one.name for one in figures.species])
    for one, name in zip(figures.species, names, strict=True):
        yield matrix(f"{FOLDER}/y_{name}", "site", units, columns, one.history)
        if study.drawn is not None:
            seen = study.drawn.presence[one.number] + 0 * study.occasions.effort
            yield matrix(f"{FOLDER}/probability_{name}", "site", units, columns, seen)


def occasion_table(study: Study) -> Table:
    """Return the first day of each occasion."""
    rows = [(f"o{at}", str(day)) for at, day in enumerate(study.occasions.starts, 1)]
    return Table(f"{FOLDER}/occasions", ("occasion", "first_day"), rows)


def _file_names(species: list[str]) -> list[str]:
    """Return names of species that every file system takes, all different."""
    found: list[str] = []
    for name in species:
        safe = _UNSAFE.sub("_", name).strip("._") or "species"
        taken = {one.casefold() for one in found}
        number = 1
        unique = safe
        while unique.casefold() in taken:
            number += 1
            unique = f"{safe}_{number}"
        found.append(unique)
    return found
