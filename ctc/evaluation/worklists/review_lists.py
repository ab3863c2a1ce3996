"""Writers of the work lists: label_errors.csv and to_label.csv."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.evaluation.answers.predictions import EvaluationData, is_known
from ctc.evaluation.worklists.active_learning import rank_for_labelling
from ctc.evaluation.worklists.label_errors import LabelErrorCandidates, find_label_errors
from ctc.storage.atomic import write_text
from ctc.storage.csv_writer import RowWriter

LABEL_ERRORS, TO_LABEL = "label_errors.csv", "to_label.csv"
MAX_ROWS = 1_000
"""Rows per label; after a thousand new labels, train again and make a new list."""

_ERROR_COLUMNS = (
    "label", "event_id", "path", "location",
    "labelled", "suggested", "p_labelled", "p_suggested", "confident",
)  # fmt: skip
_TO_LABEL_COLUMNS = (
    "label", "event_id", "path", "location",
    "predicted", "confidence", "uncertainty", "rarity", "novelty", "value",
)  # fmt: skip

WorklistRow = Sequence[str | float]


@dataclass(frozen=True)
class Disagreements:
    """How many of `labelled` labels of events the model disagrees with, and confidently."""

    labelled: int
    total: int
    confident: int

    def __add__(self, other: Disagreements) -> Disagreements:
        return Disagreements(
            self.labelled + other.labelled,
            self.total + other.total,
            self.confident + other.confident,
        )


def write_label_errors(data: EvaluationData, path: Path, for_excel: bool = False) -> Disagreements:
    """Write the events whose label differs from the prediction, at most MAX_ROWS per label.

    There is one row per label and event, in the order of `find_label_errors`. `for_excel`: see
    `RowWriter`.
    """
    found, rows = Disagreements(0, 0, 0), list[WorklistRow]()
    for label, truth in data.truth.items():
        events = np.flatnonzero(is_known(truth))
        suspects = find_label_errors(truth[events], data.events.probabilities[label][events])
        found += Disagreements(
            len(events), len(suspects.row), int(np.count_nonzero(suspects.is_confident))
        )
        rows += _label_error_rows(data, label, events, suspects)
    _write_csv(path, _ERROR_COLUMNS, rows, for_excel)
    return found


def write_to_label(data: EvaluationData, path: Path, for_excel: bool = False) -> int:
    """Write the events without a label, most valuable first; return the number of rows.

    A label that the ground truth does not have at all is left out. `for_excel`: see `RowWriter`.
    """
    return _write_csv(
        path,
        _TO_LABEL_COLUMNS,
        (
            row
            for label, truth in data.truth.items()
            if (truth != MISSING).any()
            for row in _to_label_rows(data, label)
        ),
        for_excel,
    )


def _label_error_rows(
    data: EvaluationData,
    label: str,
    events: NDArray[np.int64],
    suspects: LabelErrorCandidates,
) -> Iterator[WorklistRow]:
    classes = data.classes[label]
    truth, probabilities = data.truth[label][events], data.events.probabilities[label][events]
    columns = (
        suspects.row[:MAX_ROWS].tolist(),
        suspects.suggested.tolist(),
        suspects.is_confident.tolist(),
    )
    for row, suggested, confident in zip(*columns, strict=False):
        labelled = int(truth[row])
        names = classes[labelled], classes[suggested]
        values = float(probabilities[row, labelled]), float(probabilities[row, suggested])
        event = _event_columns(data, int(events[row]))
        yield label, *event, *names, *values, "yes" if confident else "no"


def _to_label_rows(data: EvaluationData, label: str) -> Iterator[WorklistRow]:
    ranked = rank_for_labelling(data, label)
    probabilities = data.events.probabilities[label]
    parts = (ranked.uncertainty, ranked.rarity, ranked.novelty, ranked.value)
    columns = [part[:MAX_ROWS].tolist() for part in (ranked.event, *parts)]
    for event, *scores in zip(*columns, strict=True):
        top = int(probabilities[event].argmax())
        predicted = data.classes[label][top], float(probabilities[event, top])
        yield label, *_event_columns(data, event), *predicted, *scores


def _event_columns(data: EvaluationData, event: int) -> tuple[str, str, str]:
    number = int(data.location[event])
    return (
        data.event_ids[event],
        data.events.paths[event],
        data.locations[number] if number >= 0 else "",
    )


def _write_csv(
    path: Path, columns: Sequence[str], rows: Iterable[WorklistRow], for_excel: bool
) -> int:
    text = io.StringIO()
    writer = RowWriter(text, for_excel)
    writer.writerow(columns)
    written = [[f"{cell:.4f}" if isinstance(cell, float) else cell for cell in row] for row in rows]
    writer.writerows(written)
    # file names may hold bytes that are not UTF-8
    write_text(path, text.getvalue().encode(errors="backslashreplace").decode())
    return len(written)
