"""Stations of predictions of a folder of photos, which have no column of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from study_world import DEPLOYMENTS, EVENTS, write_predictions

from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.source import BY_FOLDER, read_survey
from ctc.ecology.survey import Survey
from ctc.errors import InputError

NORTH, SOUTH = "cards/north/DCIM/100RECNX/IMG_1.JPG", "cards\\south\\RCNX1.JPG"
SITES = "deploymentID,locationID,deploymentStart,deploymentEnd\n" + "".join(
    f"{name}-1,{name},2024-04-01T00:00:00,2024-04-12T00:00:00\n" for name in ("north", "south")
)


def read(folder: Path, ids: tuple[str, ...], table: str = "", **more: str) -> Survey:
    """Read events with these ids, without their column of locations."""
    events = [(one, *rest[:2], "") for one, (_, *rest) in zip(ids, EVENTS, strict=False)]
    sites = folder / "sites.csv"
    sites.write_text(table)
    config = SummaryConfig(**more)
    return read_survey(
        write_predictions(folder / "p.csv", events), sites if table else None, config
    )


def told(survey: Survey) -> list[tuple[str, str]]:
    events = survey.events
    return [
        (events.stations[station], events.cameras[camera])
        for station, camera in zip(events.station.tolist(), events.camera.tolist(), strict=True)
    ]


def test_folders_are_stations(tmp_path: Path) -> None:
    survey = read(tmp_path, (NORTH, SOUTH))
    assert told(survey) == [("north", "north"), ("south", "south")]
    assert survey.deployments.camera == ("north", "south")
    assert survey.warnings[0] == BY_FOLDER


def test_folders_are_those_of_a_table_of_deployments(tmp_path: Path) -> None:
    assert told(read(tmp_path, (NORTH, SOUTH), SITES)) == [
        ("north", "north-1"),
        ("south", "south-1"),
    ]
    assert told(read(tmp_path, (NORTH,), DEPLOYMENTS)) == [("north", "north")]


def test_folders_of_one_station_are_its(tmp_path: Path) -> None:
    ids = ("cards/north/1/a.jpg", "cards/north/2/b.jpg", "cards/south/a.jpg")
    assert told(read(tmp_path, ids, SITES)) == [("north", "north-1")] * 2 + [("south", "south-1")]


def test_a_folder_alone_is_a_station(tmp_path: Path) -> None:
    assert (
        told(read(tmp_path, ("cards/north/a.jpg", "cards/north/b.jpg"))) == [("north", "north")] * 2
    )


@pytest.mark.parametrize("more", [{}, {"location": "site"}])
def test_events_without_folder_or_location(tmp_path: Path, more: dict[str, str]) -> None:
    ids = (NORTH, SOUTH) if more else ("e1", "e2")
    with pytest.raises(InputError, match=r"has no column '.*' with values: name the column"):
        read(tmp_path, ids, **more)


def test_clock_offsets_are_for_the_folder_of_a_name(tmp_path: Path) -> None:
    offsets = tmp_path / "offsets.csv"
    offsets.write_text("deployment,seconds\nnorth,3600\n")
    survey = read(tmp_path, (NORTH, SOUTH), clock_offset=offsets)
    assert [str(one)[11:] for one in survey.events.time] == ["07:00:00", "06:20:00"]
