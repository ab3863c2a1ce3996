"""What a person should look at, as CSV: events to label next, and labels that are likely wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ctc.evaluation.answers.predictions import Scored, known
from ctc.evaluation.worklists.active_learning import worth_labelling
from ctc.evaluation.worklists.label_errors import suspected_labels
from ctc.storage.atomic import write_text

LABEL_ERRORS, TO_LABEL = "label_errors.csv", "to_label.csv"
LONGEST = 1_000
"""Rows per label; who has been through a thousand trains again and makes a new list."""

_ERROR_COLUMNS = (
    "label", "event_id", "path", "location", "labelled", "suggested", "p_labelled", "p_suggested", "confident",
)  # fmt: skip
_WORTH_COLUMNS = (
    "label", "event_id", "path", "location", "predicted", "confidence", "uncertainty", "rarity", "novelty", "value",
)  # fmt: skip

Cells = Sequence[str | float]


def write_label_errors(scored: Scored, path: Path) -> int:
    """One row per label and event that the model calls otherwise, the least likely labels first; returns how many."""
    return _write(path, _ERROR_COLUMNS, (row for label in scored.truth for row in _errors(scored, label)))


def write_to_label(scored: Scored, path: Path) -> int:
    """One row per label and event that lacks it, most valuable first; returns how many."""
    labels = [label for label in scored.classes if label not in scored.multi_label]
    return _write(path, _WORTH_COLUMNS, (row for label in labels for row in _worth(scored, label)))


def _errors(scored: Scored, label: str) -> Iterator[Cells]:
    classes = scored.classes[label]
    events = np.flatnonzero(known(scored.truth[label]))
    truth, probabilities = scored.truth[label][events], scored.events.probabilities[label][events]
    suspects = suspected_labels(truth, probabilities)
    columns = (suspects.row[:LONGEST].tolist(), suspects.suggested.tolist(), suspects.confident.tolist())
    for row, suggested, confident in zip(*columns, strict=False):
        labelled = int(truth[row])
        names = classes[labelled], classes[suggested]
        sure = float(probabilities[row, labelled]), float(probabilities[row, suggested])
        yield label, *_where(scored, int(events[row])), *names, *sure, "yes" if confident else "no"


def _worth(scored: Scored, label: str) -> Iterator[Cells]:
    worth = worth_labelling(scored, label)
    probabilities = scored.events.probabilities[label]
    parts = (worth.uncertainty, worth.rarity, worth.novelty, worth.value)
    columns = [part[:LONGEST].tolist() for part in (worth.event, *parts)]
    for event, *figures in zip(*columns, strict=True):
        top = int(probabilities[event].argmax())
        predicted = scored.classes[label][top], float(probabilities[event, top])
        yield label, *_where(scored, event), *predicted, *figures


def _where(scored: Scored, event: int) -> tuple[str, str, str]:
    number = int(scored.location[event])
    return scored.ids[event], scored.events.paths[event], scored.locations[number] if number >= 0 else ""


def _write(path: Path, columns: Sequence[str], rows: Iterable[Cells]) -> int:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    written = [[f"{cell:.4f}" if isinstance(cell, float) else cell for cell in row] for row in rows]
    writer.writerows(written)
    # what is not Unicode in a file name is written as an escape
    write_text(path, text.getvalue().encode(errors="backslashreplace").decode())
    return len(written)
