"""Correction of times by a file of clock offsets."""

from __future__ import annotations

from datetime import datetime

from ctc.artifacts.cameras.clock_offsets import ClockOffset, ClockOffsets
from ctc.images.metadata.clock_correction import ClockCorrection
from ctc.images.metadata.time_zone import make_clock

NOON = "2024-05-01T12:00:00"


def correction(*rows: ClockOffset, zone: str | None = None) -> ClockCorrection:
    return ClockCorrection(ClockOffsets(rows, "offsets.csv"), make_clock(zone))


def test_correct_prefers_the_deployment_then_the_longest_folder_then_all() -> None:
    found = correction(
        ClockOffset("*", 1),
        ClockOffset("cam1", 2),
        ClockOffset("west/cam1", 3),
        ClockOffset("D", 4),
    )
    assert [
        found.correct(NOON, ["D"], "x/cam1/1.jpg"),
        found.correct(NOON, [], "/data/west/cam1/DCIM/100RECNX/1.jpg"),
        found.correct(NOON, ["other"], "east/cam1/1.jpg"),
        found.correct(NOON, [], "cam10/1.jpg"),
    ] == [f"2024-05-01T12:00:0{second}" for second in (4, 3, 2, 1)]


def test_correct_changes_the_times_of_a_row_alone() -> None:
    found = correction(
        ClockOffset("a", 60, datetime(2000, 1, 1), datetime(2000, 1, 2)),
        ClockOffset("a", -60, datetime(2024, 1, 1), None),
    )
    times = ("2000-01-01T00:00:05", "2010-01-01 10:00:00", NOON, "2016:05:01 10:00", "soon", "2024")
    assert [found.correct(one, ["a"], "") for one in times] == [
        "2000-01-01T00:01:05",
        "2010-01-01 10:00:00",
        "2024-05-01T11:59:00",
        "2016:05:01 10:00",
        "soon",
        "2024",
    ]
    assert (found.corrected, found.unread, found.first_unread) == (2, 2, "soon")


def test_correct_writes_the_zone_after_the_offset() -> None:
    found = correction(ClockOffset("a", 2 * 86_400), zone="Europe/Berlin")
    assert found.correct("2024-03-30T10:00:00", ["a"], "") == "2024-04-01T10:00:00+02:00"
    assert found.correct("2024-03-30T10:00:00Z", ["a"], "") == "2024-04-01T10:00:00+00:00"
    assert list(found.notes()) == ["1 time with a zone already, which is kept"]


def test_notes_tell_of_unknown_deployments_and_folders_alike() -> None:
    found = correction(ClockOffset("cam1", 2), ClockOffset("cam77", 3))
    for folder in ("west/cam1", "east/cam1", "east/cam7"):
        found.correct(NOON, [], f"{folder}/1.jpg")
    assert list(found.notes()) == [
        "1 deployment of 'offsets.csv' without a photo here: 'cam77': did you mean 'cam7'?",
        "--clock-offset: 'cam1' is taken for 2 folders: 'east/cam1', 'west/cam1'",
    ]


def test_notes_tell_how_many_photos_were_corrected_and_of_rows_for_no_time() -> None:
    found = correction(
        ClockOffset("a", 60, datetime(2024, 1, 1)),
        ClockOffset("a", 5, datetime(2000, 1, 1), datetime(2000, 12, 31, 23, 59, 59, 999_999)),
    )
    for photo in ("a/1.jpg", "a/1.jpg", "a/2.jpg"):  # the first of an event with its time
        found.correct(NOON, ["a"], photo)
    assert found.summary == "corrected the time of 2 photos by 'offsets.csv'"
    (note,) = found.notes()
    assert note == (
        "1 row is for no time here: 'a' from 2000-01-01 00:00:00 to 2000-12-31 23:59:59: "
        "correct from and to in 'offsets.csv'"
    )


def test_correct_takes_the_row_of_some_files_before_others() -> None:
    found = correction(ClockOffset("a", 60), ClockOffset("a", 1, None, None, "IMG_0002.JPG"))
    assert [found.correct(NOON, ["a"], f"x/IMG_000{number}.JPG") for number in (1, 2)] == [
        "2024-05-01T12:01:00",
        "2024-05-01T12:00:01",
    ]


def test_correct_tells_of_times_that_would_leave_the_calendar() -> None:
    found = correction(ClockOffset("*", -86_400))
    assert found.correct("0001-01-01T10:00:00", [], "a.jpg") == "0001-01-01T10:00:00"
    assert list(found.notes()) == [
        "1 time is not corrected, such as '0001-01-01T10:00:00': no year is before 1 or after 9999"
    ]
    assert found.corrected == 0
