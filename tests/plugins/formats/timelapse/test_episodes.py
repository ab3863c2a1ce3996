from __future__ import annotations

import pytest

from ctc_plugins.formats.timelapse.episodes import EpisodeReader, is_episode


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("23:1|7", True), (" 1|7 ", True), ("23", False), ("1/7", False), ("", False)],
)
def test_is_episode(cell: str, expected: bool) -> None:
    assert is_episode(cell) is expected


def test_event_id_of_numbered_episodes_is_that_of_their_folder() -> None:
    reader = EpisodeReader()
    rows = [("a", "23:1|2", "a/1"), ("a", "23:2|2", "a/2"), ("b", "23", "b/1"), ("", "4:1|1", "1")]
    assert [reader.event_id(*row) for row in rows] == ["a#23", "a#23", "b#23", ".#4"]


def test_event_id_without_numbers_is_the_first_photo_of_a_run() -> None:
    reader = EpisodeReader()
    rows = [
        ("a", "1|2", "a/1"),
        ("a", "1|2", "a/1"),  # the same photo, duplicated
        ("a", "2|2", "a/2"),
        ("a", "1|1", "a/3"),
        ("a", "2|2", "a/4"),  # its first photo is not in the table
        ("b", "1|2", "b/1"),
        ("c", "2|2", "c/2"),
    ]
    assert [reader.event_id(*row) for row in rows] == [
        "a/1",
        "a/1",
        "a/1",
        "a/3",
        "a/4",
        "b/1",
        "c/2",
    ]


def test_event_id_is_another_text_as_it_is_or_the_photo() -> None:
    reader = EpisodeReader()
    assert reader.event_id("a", "burst-9", "a/1") == "burst-9"
    assert reader.event_id("a", "", "a/1") == "a/1"
