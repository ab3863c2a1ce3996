"""The fits of promises besides the thresholds, which `ctc calibrate` carries out one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ctc.artifacts.model.file import ModelInfo
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.calibration.blanks import fit_blanks
from ctc.evaluation.calibration.class_shares import fit_class_shares
from ctc.evaluation.calibration.promises.promise_fit import PromiseFit
from ctc.evaluation.calibration.ranks import fit_ranks
from ctc.evaluation.calibration.sets import fit_sets
from ctc.evaluation.config import CalibrateConfig

FURTHER_FITS: tuple[PromiseFit, ...] = (fit_class_shares, fit_ranks, fit_sets, fit_blanks)
"""In their order; add a line for another kind."""


def fit_promises(
    data: EvaluationData,
    info: ModelInfo,
    config: CalibrateConfig,
    fitted_on: Mapping[str, str],
    fits: Sequence[PromiseFit] = FURTHER_FITS,
) -> dict[str, list[dict[str, Any]]]:
    """Return the entries of all `fits` by kind, with `fitted_on` (dataset, split) in each.

    `data`: the predictions of the calibrated model.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for fit in fits:
        for kind, entries in fit(data, info, config).items():
            found.setdefault(kind, []).extend({**entry, **fitted_on} for entry in entries)
    return found
