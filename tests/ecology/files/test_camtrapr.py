"""Tables for camtrapR, by the rules that its documentation shows on its sample data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from study_world import make_deployments, make_survey

from ctc.ecology.config import SummaryConfig
from ctc.ecology.effort import measure_effort
from ctc.ecology.files.camtrapr import operation_matrix, record_table, station_table
from ctc.ecology.histories import divide
from ctc.ecology.readers.deployments import read_deployments
from ctc.ecology.study import Study, count_survey
from ctc.ecology.survey import Photos

MINUTE, FOX = 60, 1


def study_of(minutes: list[int], rule: str) -> Study:
    """Return a study of foxes at the first station; an hour makes them independent."""
    seen = [(0, minute * MINUTE, FOX, 1) for minute in minutes]
    return count_survey(make_survey(seen), SummaryConfig(independence=3_600, rule=rule))


def column(study: Study, name: str) -> list:
    return record_table(study).data[name].to_pylist()


def test_record_table_measures_since_the_last_record() -> None:
    study = study_of([0, 2, 200, 203, 300], "last-record")
    assert column(study, "delta.time.mins") == [0, 198, 97]


def test_record_table_measures_since_the_last_independent_record() -> None:
    study = study_of([0, 2, 200, 203, 300], "last-independent")
    assert column(study, "delta.time.mins") == [0, 200, 100]


def test_record_table_measures_species_and_stations_apart() -> None:
    seen = [(0, 0, FOX, 1), (1, 7_200, FOX, 1), (0, 14_400, 2, 1), (0, 18_000, FOX, 1)]
    study = count_survey(make_survey(seen), SummaryConfig())
    rows = zip(
        *(column(study, name) for name in ("Station", "Species", "delta.time.hours")), strict=True
    )
    assert list(rows) == [("a", "deer", 0), ("a", "fox", 0), ("a", "fox", 5), ("b", "fox", 0)]


TABLE = """\
Station,Setup_date,Retrieval_date,Problem1_from,Problem1_to
A,2024-06-01,2024-06-12,2024-06-05,2024-06-07
B,2024-06-01T15:00:00,2024-06-12T18:00:00,2024-06-05T20:00:00,2024-06-07T12:00:00
"""


def effort_of(folder: Path):
    path = folder / "stations.csv"
    path.write_text(TABLE, encoding="utf-8")
    return measure_effort(read_deployments(path), np.arange(2), ("A", "B"))


def test_operation_takes_dates_as_noon_and_problems_as_whole_days(tmp_path: Path) -> None:
    first = effort_of(tmp_path).operation[0]
    assert first.tolist() == [0.5, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0.5]


def test_operation_takes_times_as_they_are(tmp_path: Path) -> None:
    second = effort_of(tmp_path).operation[1]
    rounded = [0.375, 1, 1, 1, 0.8333, 0, 0.5, 1, 1, 1, 1, 0.75]
    assert second.round(4).tolist() == rounded


def test_effort_of_occasions_is_their_sum(tmp_path: Path) -> None:
    assert divide(effort_of(tmp_path), 7).effort[0].tolist() == [3.5, 4.5]


def test_operation_matrix_is_unknown_while_no_camera_was_there() -> None:
    study = study_of([0], "last-record")
    assert operation_matrix(study).rows[0] == ("a", *[1] * 6)


def test_record_table_names_the_first_photo_of_each_record() -> None:
    survey = make_survey([(0, 0, FOX, 1), (0, 60, FOX, 1), (1, 0, FOX, 1), (2, 0, FOX, 1)])
    paths = pa.array(["cards/a/1.jpg", "cards/a/2.jpg", "cards/a/3.jpg", "4.jpg", r"C:\b\5.jpg"])
    times = np.full(5, np.datetime64("NaT", "s"))
    photos = Photos(np.array([0, 0, 1, 2, 3]), paths, times)
    study = count_survey(replace(survey, photos=photos), SummaryConfig())
    assert column(study, "Directory") == ["cards/a", "", r"C:\b"]
    assert column(study, "FileName") == ["1.jpg", "4.jpg", "5.jpg"]


def test_station_table_has_times_as_r_reads_them() -> None:
    table = make_deployments([(0, 86_400)], ("a",), [(0, 3_600, 7_200)])
    study = count_survey(make_survey([(0, 0, FOX, 1)], table=table), SummaryConfig())
    assert station_table(study).rows[0][4:] == (
        *("2024-04-01 00:00:00", "2024-04-02 00:00:00"),
        *("2024-04-01 01:00:00", "2024-04-01 02:00:00"),
    )
