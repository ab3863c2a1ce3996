"""Sums by station and species."""

from __future__ import annotations

from study_world import make_survey

from ctc.ecology.config import SummaryConfig
from ctc.ecology.files.summaries import observation_table
from ctc.ecology.files.tables import number
from ctc.ecology.study import count_survey

SEEN = [(0, 0, 1, 2), (0, 600, 1, 3), (0, 90_000, 1, 1), (2, 0, 2, 1), (1, 0, 0, 1)]


def test_observation_table_counts_events_records_and_individuals() -> None:
    table = observation_table(count_survey(make_survey(SEEN), SummaryConfig()))
    assert table.rows == [
        ("a", "fox", 3, 2, 4, 6, 33.3333, 66.6667),
        ("c", "deer", 1, 1, 1, 6, 16.6667, 16.6667),
    ]
    assert table.columns[:5] == (
        "locationID", "scientificName", "n_events", "n_observations", "sum_count"
    )  # fmt: skip


def test_observation_table_of_cameras_has_deployments() -> None:
    study = count_survey(make_survey(SEEN), SummaryConfig(unit="camera"))
    assert observation_table(study).columns[0] == "deploymentID"


def test_number_of_no_bound_is_what_r_reads() -> None:
    assert [number(value) for value in (float("inf"), float("nan"), 2.0)] == ["Inf", "NA", 2]
