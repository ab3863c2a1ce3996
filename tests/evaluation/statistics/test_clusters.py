"""Runs and locations of events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.evaluation.statistics.clusters import Clusters

NO_EVENT = UnitPredictions(np.array([], np.int32), (), {})
DATA = EvaluationData({}, (), {}, *[np.array([], np.int32)] * 2, (), np.array([], np.int8), (),
                      NO_EVENT, None)  # fmt: skip


def clusters(*events: tuple[int, str]) -> Clusters:
    location = np.array([place for place, _ in events], np.int32)
    return Clusters.of_events(
        replace(DATA, location=location, timestamps=tuple(time for _, time in events))
    )


def test_events_of_a_location_within_half_an_hour_are_one_run() -> None:
    found = clusters(
        (0, "2026-01-01T10:00:00"), (0, "2026-01-01T10:30:00"), (0, "2026-01-01T11:00:01")
    )
    assert found.run[0] == found.run[1] != found.run[2]


def test_a_run_is_a_chain() -> None:
    found = clusters(
        (0, "2026-01-01T10:50:00"), (0, "2026-01-01T10:00:00"), (0, "2026-01-01T10:25:00")
    )
    assert len(set(found.run.tolist())) == 1


def test_events_of_other_locations_or_without_a_time_or_place_are_apart() -> None:
    time = "2026-01-01T10:00:00"
    found = clusters((0, time), (1, time), (-1, time), (-1, time), (0, ""), (0, "soon"))
    assert len(set(found.run.tolist())) == 6


def test_the_scope_is_as_wide_as_the_locations_allow() -> None:
    assert clusters((0, ""), (1, "")).scope == "new locations"
    assert clusters((0, ""), (0, ""), (-1, "")).scope == "same locations"


def test_clusters_of_a_scope_are_numbers_from_0() -> None:
    found = clusters((-1, ""), (3, ""), (3, ""))
    assert found.of_scope("new locations").tolist() == [0, 4, 4]
    assert len(set(found.of_scope("same locations").tolist())) == 3
