"""Tables of deployments: those of several programs, and those that are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctc.ecology.readers.deployments import read_deployments
from ctc.errors import CtcError


def write(folder: Path, *lines: str) -> Path:
    path = folder / "deployments.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_read_deployments_of_camtrapr(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Station,Camera,Setup_date,Retrieval_date,Problem1_from,Problem1_to",
        "A,1,2024-04-01,2024-04-11,2024-04-03,2024-04-04",
    )
    found = read_deployments(path)
    assert (found.station, found.camera) == (("A",), ("A 1",))
    assert str(found.start[0]) == "2024-04-01T12:00:00"
    gap = (0, np.datetime64("2024-04-03T00:00:00"), np.datetime64("2024-04-05T00:00:00"))
    assert found.gaps == (gap,)


def test_read_deployments_of_camtrap_dp(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "deploymentID,locationID,latitude,longitude,deploymentStart,deploymentEnd",
        "d1,A,48.5,11.25,2024-04-01T08:00:00+02:00,2024-04-11T09:30:00+02:00",
    )
    found = read_deployments(path)
    assert (found.station, found.camera) == (("A",), ("d1",))
    assert (found.latitude[0], found.longitude[0]) == (48.5, 11.25)
    assert str(found.end[0]) == "2024-04-11T09:30:00"


def test_read_deployments_of_wildlife_insights(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "deployment_id,placename,longitude,latitude,start_date,end_date",
        "d1,A,11.25,48.5,2024-04-01 08:00:00,2024-04-11 09:30:00",
    )
    found = read_deployments(path)
    assert (found.station, str(found.start[0])) == (("A",), "2024-04-01T08:00:00")


HEADER = "Station,latitude,Setup_date,Retrieval_date,Problem1_from,Problem1_to"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,,2024-04-11,2024-04-01,,", "line 2: the deployment ends .* before it starts"),
        ("A,,2024-04-31,2024-05-01,,", "'2024-04-31' is no time for the start"),
        ("A,,,2024-05-01,,", "there is no time for the start"),
        ("A,91,2024-04-01,2024-05-01,,", "latitude must be degrees from -90 to 90, not '91'"),
        (",,2024-04-01,2024-05-01,,", "names neither a deployment nor a station"),
        ("A,,2024-04-01,2024-05-01,2024-04-05,", "problem 1 has no start or no end"),
        ("A,,2024-04-01,2024-05-01,2024-04-05,2024-04-02", "problem 1 ends before it starts"),
    ],
)
def test_read_deployments_says_what_is_wrong(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(CtcError, match=message):
        read_deployments(write(tmp_path, HEADER, row))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Station,Setup_date", "no column with the end of deployments"),
        ("Setup_date,Retrieval_date", "no column with the names of deployments or stations"),
    ],
)
def test_read_deployments_names_missing_columns(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(CtcError, match=message):
        read_deployments(write(tmp_path, header, "A,2024-04-01"))


def test_read_deployments_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(CtcError, match="do not exist"):
        read_deployments(tmp_path / "none.csv")


def test_read_deployments_without_rows(tmp_path: Path) -> None:
    with pytest.raises(CtcError, match="has no deployment"):
        read_deployments(write(tmp_path, HEADER))
