"""Which deployment an event is of that tells its station alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from study_world import EVENTS, write_predictions

from ctc.cli.main import run
from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.source import read_survey
from ctc.ecology.survey import Survey
from ctc.errors import InputError

HEADER = "deploymentID,locationID,deploymentStart,deploymentEnd\n"
SOUTH = "s-1,south,2024-04-01T00:00:00,2024-04-12T00:00:00\n"
ONE_EACH = "n-1,north,2024-04-01T00:00:00,2024-04-12T00:00:00\n" + SOUTH
TWO_TIMES = (
    "n-1,north,2024-04-01T00:00:00,2024-04-05T00:00:00\n"
    "n-2,north,2024-04-05T01:00:00,2024-04-12T00:00:00\n" + SOUTH
)
TWO_AT_ONCE = ONE_EACH + "n-2,north,2024-04-08T00:00:00,2024-04-12T00:00:00\n"
CAMERA = SummaryConfig(unit="camera")


def read(folder: Path, rows: str, config: SummaryConfig = CAMERA, events=EVENTS) -> Survey:
    table = folder / "sites.csv"
    table.write_text(HEADER + rows)
    return read_survey(write_predictions(folder / "p.csv", events), table, config)


def cameras(survey: Survey) -> list[str]:
    return [survey.events.cameras[one] for one in survey.events.camera.tolist()]


def test_events_are_of_the_only_deployment_of_their_station(tmp_path: Path) -> None:
    survey = read(tmp_path, ONE_EACH)
    assert cameras(survey) == ["n-1"] * 4 + ["s-1"] * 2
    assert survey.events.cameras == ("n-1", "s-1")


def test_events_are_of_the_deployment_at_their_time(tmp_path: Path) -> None:
    assert cameras(read(tmp_path, TWO_TIMES)) == ["n-1"] * 3 + ["n-2"] + ["s-1"] * 2


def test_events_of_several_cameras_at_once_are_told(tmp_path: Path) -> None:
    survey = read(tmp_path, TWO_AT_ONCE)
    assert cameras(survey) == ["n-1"] * 3 + ["north"] + ["s-1"] * 2
    (warning,) = survey.warnings
    assert warning == (
        "1 event does not tell the camera, and several cameras ran there, such as 'e4' at 'north':"
        " tables name the station in its place; name the column with the deployment with --camera"
    )


def test_figures_by_camera_need_the_cameras_of_events(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"don't tell their camera, .*: name the column"):
        read(tmp_path, TWO_AT_ONCE, events=EVENTS[3:4])


@pytest.mark.parametrize("unit", ["station", "camera"])
def test_tables_of_images_and_deployments_join(tmp_path: Path, unit: str) -> None:
    read(tmp_path, TWO_TIMES)
    output = tmp_path / "summary"
    files = [str(tmp_path / name) for name in ("p.csv", "sites.csv")]
    more = ["--unit", unit, "--output", str(output)]
    assert run(["summarize", files[0], "--deployments", files[1], *more]) == 0
    tables = [
        ("wildlife_insights/images.csv", "deployment_id"),
        ("wildlife_insights/deployments.csv", "deployment_id"),
        ("record_table.csv", "Camera"),
        ("stations.csv", "Camera"),
    ]
    for name, column in tables:
        with (output / name).open(newline="") as file:
            assert {row[column] for row in csv.DictReader(file)} == {"n-1", "n-2", "s-1"}
