"""Prediction files as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import CLASSIFIED_BY
from ctc.ecology.survey import Probabilities
from ctc.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

COUNT = "count"
"""A label of this name tells group sizes."""
ALL, PRESENT, TOP = "predictions_all", "predictions_present", "prediction_top"
TEXTS = {"id": "id", "top": TOP, "path": "path", "time": "datetime", "by": CLASSIFIED_BY}
NUMBERS = {"latitude": "latitude", "longitude": "longitude", "box": "box_confidence"}
"""Columns by meaning."""


@dataclass
class PredictionColumns:
    """Rows of one label of a prediction file; `columns`: by meaning, those that the file has.

    Meanings: id, top, path, time, by (who answered), station, camera, latitude, longitude, box,
    present, group (the most boxes of the answer in one photo), photos and taken (paths and times of
    an event's photos). `counts`: answers of the label `count`, by event.
    """

    classes: tuple[str, ...] = ()
    columns: dict[str, list[Any]] = field(default_factory=dict)
    values: list[NDArray[np.float32]] = field(default_factory=list)
    counts: dict[str, str] = field(default_factory=dict)

    def add(self, columns: Mapping[str, Any], classes: tuple[str, ...], values: Any) -> None:
        """Add rows: Arrow arrays by meaning, and probabilities (rows, classes).

        Classes may differ between parts, as with `--max-classes`; those that lack are 0.
        """
        if classes != self.classes:
            self.classes = tuple(dict.fromkeys((*self.classes, *classes)))
            values = _reorder(values, classes, self.classes)
        for name, column in columns.items():
            self.columns.setdefault(name, []).append(column)
        self.values.append(np.ascontiguousarray(values.T, np.float32))

    def column(self, name: str) -> pa.ChunkedArray | None:
        """Return a column, None if the file does not have it or it is empty."""
        import pyarrow as pa

        found = pa.chunked_array(self.columns[name]) if name in self.columns else None
        return None if found is None or found.null_count == len(found) else found

    def probabilities(self) -> Probabilities:
        """Return the probabilities, (classes, rows), and forget the parts."""
        rows = sum(part.shape[1] for part in self.values)
        joined = np.zeros((len(self.classes), rows), np.float32)
        at = 0
        for part in self.values:
            joined[: len(part), at : at + part.shape[1]] = part
            at += part.shape[1]
        self.values.clear()
        return joined

    def check_label(self, label: str, known: Iterable[str]) -> None:
        """Raise UsageError if nothing was read so far, and `label` is not among those known."""
        if not self.values and label not in (names := set(known)):
            raise UsageError(f"there is no label '{label}'{did_you_mean(label, names)}")


def _reorder(
    values: NDArray[np.float32], classes: tuple[str, ...], wanted: tuple[str, ...]
) -> NDArray[np.float32]:
    found = np.zeros((len(values), len(wanted)), np.float32)
    found[:, [wanted.index(name) for name in classes]] = values
    return found


def parse_number(value: Any) -> float | None:
    """Return a number, None if it is none."""
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
