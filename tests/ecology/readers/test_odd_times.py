"""Guessed trap nights where the clock of a camera was wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.source import GUESSED, read_survey
from ctc.ecology.study import Study, count_survey

FOX = (0.0, 1.0, 0.0)
RIGHT = (
    ("a1", FOX, "2024-04-01T12:00:00", "north"),
    ("a2", FOX, "2024-04-11T12:00:00", "north"),
)


@pytest.fixture
def count(write_predictions) -> Callable[..., Study]:
    """A function that counts RIGHT and more events, without deployments."""

    def count(*events: tuple[str, tuple[float, ...], str, str]) -> Study:
        path: Path = write_predictions((*RIGHT, *events))
        config = SummaryConfig(draws=0)
        return count_survey(read_survey(path, None, config), config)

    return count


def test_default_times_of_a_clock_are_left_out(count) -> None:
    study = count(("x", FOX, "2000-01-01T00:03:00", "north"))
    assert study.effort.trap_nights.tolist() == pytest.approx([10], abs=0.01)
    assert len(study.records) == 2
    assert study.warnings[0] == GUESSED
    assert study.warnings[1] == (
        "1 event is left out, since the time is the default of a camera's clock or in the future,"
        " where their camera has others, such as 'x' at 'north', 2000-01-01T00:03:00: correct the"
        " time with --clock-offset"
    )


def test_camera_with_wrong_times_alone_counts_and_is_told(count) -> None:
    study = count(
        ("b1", FOX, "2000-01-01T00:00:00", "south"), ("b2", FOX, "2000-01-05T00:00:00", "south")
    )
    assert study.effort.trap_nights.tolist() == pytest.approx([10, 4], abs=0.01)
    assert study.warnings[1].startswith(
        "1 camera has no other times than the default of a camera's clock or in the future, such as"
        " 'south' at 2000-01-01T00:00:00: "
    )


def test_clock_that_jumped_a_year_is_told(count) -> None:
    study = count(("a3", FOX, "2025-04-11T12:00:00", "north"))
    assert study.warnings[1] == (
        "365 of 375 days of cameras are of 1 camera without any event for more than 180 days, such"
        " as 'north' after 2024-04-11T12:00:00: if a clock jumped, give --clock-offset; if a camera"
        " was away, --deployments"
    )
