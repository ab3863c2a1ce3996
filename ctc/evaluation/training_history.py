"""Training history of the run that a model was exported from."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import InputError, UsageError

History = Sequence[Mapping[str, str]]
"""Rows of a run's history.csv, one per epoch."""


def load_history(folder: Path | None, model: ModelInfo | None = None) -> History:
    """Read the history of the run in `folder`; empty without a folder.

    Raises CtcError if the folder is not a run with a history, or if the `model` was not exported
    from it.
    """
    if folder is None:
        return ()
    run = Run(folder)
    info = run.read()
    if model and not _is_exported_from(model, info):
        raise UsageError(
            f"the model was not exported from '{folder}': give --run the folder that it was"
            " exported from"
        )
    return read_history(run)


def read_history(run: Run) -> History:
    """Read the run's history.csv.

    Raises InputError if it can't be read or has no epochs.
    """
    try:
        with run.history.open(encoding="utf-8", newline="") as file:
            rows = tuple(csv.DictReader(file))
            for row in rows:
                float(row["epoch"])
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(f"'{run.history}' can't be read: {error}") from None
    return rows


def _is_exported_from(model: ModelInfo, run: RunInfo) -> bool:
    recorded = {key: model.provenance.get(key) for key in ("backbone", "seed", "dataset")}
    expected = {"backbone": run.backbone, "seed": run.seed, "dataset": run.dataset["fingerprint"]}
    return (run.labels, run.preprocessing, expected) == (
        model.labels,
        model.preprocessing,
        recorded,
    )
