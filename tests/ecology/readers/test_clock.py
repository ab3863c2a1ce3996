"""Correction of a survey's times: `ctc summarize --clock-offset`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from study_world import EVENTS, write_predictions

from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.clock import check_not_corrected
from ctc.ecology.readers.source import read_survey
from ctc.errors import UsageError


@pytest.fixture
def offsets(tmp_path: Path) -> Path:
    """North was an hour late until noon of 2 April, and in the year 2025 from 9 April."""
    path = tmp_path / "offsets.csv"
    path.write_text(
        "deployment,shown,true,from,to\n"
        "north,2024-04-01 10:00,2024-04-01 11:00,,2024-04-02 11:59\n"
        "north,2024-04-09 10:00,2025-04-09 10:00,2024-04-09,\n"
        "east,2024-04-09 10:00,2025-04-09 10:00,,\n"
    )
    return path


def test_read_survey_corrects_the_times_of_a_station(tmp_path: Path, offsets: Path) -> None:
    predictions = write_predictions(tmp_path / "predictions.csv")
    survey = read_survey(predictions, None, SummaryConfig(clock_offset=offsets))
    assert survey.events.time.astype(str).tolist() == [
        "2024-04-02T07:00:00",
        "2024-04-02T07:20:00",
        "2024-04-02T07:40:00",
        "2025-04-09T18:00:00",
        "2024-04-03T12:00:00",
        "2024-04-10T23:00:00",
    ]
    assert survey.warnings[0] == "1 deployment of 'offsets.csv' without an event here: 'east'"
    # guessed from the corrected times
    assert survey.deployments.end.max() == np.datetime64("2025-04-09T18:00:01")


def test_read_survey_tells_what_was_corrected_and_of_rows_for_no_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    offsets = tmp_path / "offsets.csv"
    offsets.write_text("deployment,seconds,to\nnorth,3600,2024-04-02 11:59\n*,60,\n")
    predictions = write_predictions(tmp_path / "predictions.csv")
    read_survey(predictions, None, SummaryConfig(clock_offset=offsets))
    assert "corrected the time of 5 events by 'offsets.csv'" in caplog.messages
    offsets.write_text("deployment,seconds,from\nnorth,3600,2034-04-02\n")
    survey = read_survey(predictions, None, SummaryConfig(clock_offset=offsets))
    assert survey.warnings[0] == (
        "1 row is for no time here: 'north' from 2034-04-02 00:00:00: "
        "correct from and to in 'offsets.csv'"
    )


def test_read_survey_refuses_to_correct_nothing_or_twice(tmp_path: Path, offsets: Path) -> None:
    elsewhere = [(name, values, time, "east-1") for name, values, time, _ in EVENTS]
    predictions = write_predictions(tmp_path / "predictions.csv", elsewhere)
    config = SummaryConfig(clock_offset=offsets)
    with pytest.raises(UsageError, match="is a location or deploymentID of the events"):
        read_survey(predictions, None, config)
    head, _, rows = predictions.read_text().partition("\n")
    predictions.write_text(f"{head.replace('latitude', 'datetime_original')}\n{rows}")
    with pytest.raises(UsageError, match="its times have been corrected already"):
        read_survey(predictions, None, config)


def test_check_not_corrected_refuses_a_package_with_corrected_times(tmp_path: Path) -> None:
    tables = {
        "deployments": "deploymentID,deploymentStart,deploymentEnd,latitude,longitude",
        "media": "mediaID,deploymentID,timestamp,filePath,filePublic,fileMediatype,mediaComments\n"
        "m1,d1,2024-05-01T10:00:00Z,a.jpg,true,image/jpeg,the camera's clock showed 2000-01-01",
        "observations": "observationID,deploymentID,observationLevel,observationType",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(f"{text}\n")
    resources = [{"name": name, "path": f"{name}.csv"} for name in tables]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": resources}))
    with pytest.raises(UsageError, match="have been corrected already, by its mediaComments"):
        check_not_corrected(tmp_path)


def test_read_survey_refuses_offsets_of_files(tmp_path: Path, offsets: Path) -> None:
    predictions = write_predictions(tmp_path / "predictions.csv")
    offsets.write_text("deployment,seconds,from_file\nnorth,5,IMG_0003.JPG\n")
    with pytest.raises(UsageError, match="has offsets of some files alone"):
        read_survey(predictions, None, SummaryConfig(clock_offset=offsets))
