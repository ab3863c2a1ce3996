"""Fits of promises, one after the other."""

from __future__ import annotations

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.evaluation.calibration.promises.promise_fits import fit_promises
from ctc.evaluation.config import CalibrateConfig


def test_fit_promises_collects_entries_by_kind_with_what_they_were_fitted_on(make_data) -> None:
    data = make_data([0, 1], [[0.9, 0.1], [0.2, 0.8]], ["deer", "fox"])
    info = ModelInfo({"species": ("deer", "fox")}, Preprocessing(8, 8))

    def fit_ranks(data, info, config):
        return {"ranks": [{"label": next(iter(info.labels)), "events": len(data.event_ids)}]}

    def fit_two(data, info, config):
        return {"ranks": [{"label": "count"}], "sets": []}

    assert fit_promises(data, info, CalibrateConfig(), {"split": "val"}, (fit_ranks, fit_two)) == {
        "ranks": [
            {"label": "species", "events": 2, "split": "val"},
            {"label": "count", "split": "val"},
        ],
        "sets": [],
    }
