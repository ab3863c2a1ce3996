"""Thresholds for several ways of predicting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.evaluation.answers.predictions import FOREIGN, EvaluationData, UnitPredictions
from ctc.evaluation.calibration.promises.threshold_promises import fit_thresholds
from ctc.evaluation.config import CalibrateConfig

PHOTOS = 3


@pytest.fixture
def of_photos(make_data):
    """A function that makes events of three photos: all three have the same probability of their
    event's class, but every fourth event has one photo that is sure of the other class."""

    def make(events: int, **more: Any) -> EvaluationData:
        truth = np.arange(events) % 2
        sure = np.linspace(0.99, 0.7, events)
        wrong_photo = np.arange(events) % 4 == 3
        values = np.zeros((events, PHOTOS, 2), np.float32)
        values[np.arange(events), :, truth] = sure[:, None]
        values[np.arange(events), :, 1 - truth] = 1 - sure[:, None]
        values[wrong_photo, 0] = values[wrong_photo, 0, ::-1]
        photos = UnitPredictions(
            np.repeat(np.arange(events, dtype=np.int32), PHOTOS),
            tuple(f"{i}.jpg" for i in range(events * PHOTOS)),
            {"species": values.reshape(-1, 2)},
        )
        known = {"photos": photos, "photos_in_event": np.full(events, PHOTOS, np.int32)}
        told = more.pop("told", truth)
        return make_data(told, values.mean(axis=1), ["deer", "fox"], **(known | more))

    return make


def fit(data: EvaluationData, **options: Any):
    found = fit_thresholds(data, ("species",), CalibrateConfig(**options), {"split": "val"})
    return {(one.made_for.unit, one.made_for.aggregation): one for one in found.promises}


def test_fit_thresholds_fits_every_aggregation_and_photos(of_photos) -> None:
    found = fit(of_photos(600))
    assert next(iter(found)) == ("event", "mean")
    assert set(found) >= {("photo", ""), ("event", "vote"), ("event", "max"), ("event", "product")}
    deer = {key: one.classes[0] for key, one in found.items()}
    assert (deer["event", "mean"].answers, deer["photo", ""].answers) == (300, 300 * 3 + 150)
    assert (deer["event", "mean"].precision, deer["event", "mean"].threshold > 0.5) == (1.0, True)
    assert deer["photo", ""].refusal is not None  # an eighth of the photos is wrong, and as sure
    assert deer["event", "vote"].threshold == pytest.approx(2 / 3, abs=0.4)


def test_fit_thresholds_tells_scope_events_and_photos(of_photos) -> None:
    one = fit(of_photos(600))["event", "mean"]
    assert (one.scope, one.events, one.locations) == ("same locations", 600, 0)
    assert (one.photos_per_event, one.fitted_on) == ((3, 3.0, 3), {"split": "val"})


def test_fit_thresholds_is_for_new_locations_where_they_are_known(of_photos) -> None:
    places = {"location": np.arange(600, dtype=np.int32) % 3, "locations": ("a", "b", "c")}
    one = fit(of_photos(600, **places))["event", "mean"]
    assert one.scope == "new locations"
    assert one.classes[0].refusal == "300 answers, but from 3 locations, 5 are needed"
    same = fit(of_photos(600, **places), promise_for="same-locations")["event", "mean"]
    assert (same.scope, same.classes[0].threshold is not None) == ("same locations", True)


def test_fit_thresholds_for_new_locations_needs_locations(of_photos) -> None:
    with pytest.raises(InputError, match="or give --promise-for same-locations"):
        fit(of_photos(600), promise_for="new-locations")


def test_fit_thresholds_jointly_needs_more_evidence(of_photos) -> None:
    # 80 right answers of each class prove one class alone, but not both at once
    alone, joint = (fit(of_photos(160), joint=one)["event", "mean"] for one in (False, True))
    assert [one.threshold is not None for one in alone.classes] == [True, True]
    assert [one.refusal for one in joint.classes] == ["80 answers, at least 86 are needed"] * 2
    assert joint.joint


def test_fit_thresholds_counts_classes_never_learnt_as_wrong(of_photos) -> None:
    truth = (np.arange(600) % 2).astype(np.int32)
    truth[::8] = FOREIGN
    data = of_photos(600, told=truth, foreign={"species": {"bongo": 75}})
    one = fit(data)["event", "mean"]
    assert (one.foreign, one.events) == ({"bongo": 75}, 600)
    assert one.classes[0].refusal.startswith("225 of 300 answers right, of 300 runs")
