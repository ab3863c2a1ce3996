"""Times of cameras in zones with summer time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ctc.images.metadata.time_zone import make_clock


def localize(zone: str, *times: str) -> tuple[list[datetime | None], tuple[str, ...]]:
    clock = make_clock(zone)
    return [clock.localize(time, "a.jpg") for time in times], clock.notes()


def test_localize_of_skipped_hour_is_ordered_as_in_utc() -> None:
    times, notes = localize("Europe/Berlin", "2024-03-31T02:30:00", "2024-03-31T03:00:02")
    assert [str(time) for time in times] == [
        "2024-03-31 02:30:00+01:00",
        "2024-03-31 03:00:02+02:00",
    ]
    assert min(filter(None, times)).astimezone(UTC) == datetime(2024, 3, 31, 1, 0, 2, tzinfo=UTC)
    (note,) = notes
    assert note.startswith("1 time that does not exist in 'Europe/Berlin', when summer time begins")
    assert note.endswith("for these set --time-zone to an offset such as +01:00")


def test_localize_of_repeated_hour_is_told() -> None:
    times, (note,) = localize("Europe/Berlin", "2024-10-27T02:59:59", "2024-10-27T02:00:05")
    assert [str(time)[-6:] for time in times] == ["+02:00", "+02:00"]
    assert note.startswith("2 times that exist twice in 'Europe/Berlin'")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "+01:00", "Australia/Sydney", "UTC"])
def test_localize_of_usual_times_has_no_note(zone: str) -> None:
    assert localize(zone, "2024-06-01T12:00:00", "2024-12-01T12:00:00.5")[1] == ()


def test_localize_with_offset_knows_every_hour() -> None:
    times, notes = localize("+01:00", "2024-03-31T02:30:00", "2024-10-27T02:30:00")
    assert [str(time)[-6:] for time in times] == ["+01:00", "+01:00"]
    assert notes == ()


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_localize_of_the_first_and_the_last_time(text: str) -> None:
    for zone in ("Europe/Berlin", "-12:00"):
        (time,), notes = localize(zone, text)
        assert str(time)[:19] == text.replace("T", " ")
        assert notes == ()
