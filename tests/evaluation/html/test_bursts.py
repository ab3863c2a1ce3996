"""Bursts of events, of which a gallery shows one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ctc.evaluation.html.bursts import one_per_burst


def kept(data) -> list[int]:
    return one_per_burst(data, "species", np.arange(len(data.event_ids))).tolist()


def test_one_per_burst_by_place_and_time(make_data) -> None:
    times = ("12:00:50", "12:00:00", "12:01:30", "12:03:00", "12:00:10", "")
    data = make_data(
        [0] * 6,
        [[0.2, 0.8]] * 6,
        timestamps=tuple(time and f"2024-03-01T{time}" for time in times),
        location=np.array([0, 0, 0, 0, 1, 0], np.int32),
        locations=("north", "south"),
    )
    # 12:00:00, 12:00:50 and 12:01:30 are a chain; 12:03:00, the other place and no time are not
    assert kept(data) == [0, 3, 4, 5]


def test_one_per_burst_takes_folders_of_a_card_for_one_place(make_data) -> None:
    names = ("N/100RECNX/9999.JPG", "N/101RECNX/0001.JPG", "S/101RECNX/0001.JPG")
    times = tuple(f"2024-03-01T12:00:0{second}" for second in range(3))
    data = make_data([0] * 3, [[0.2, 0.8]] * 3, timestamps=times)
    data = replace(data, events=replace(data.events, paths=names))
    assert kept(data) == [0, 2]


def test_one_per_burst_by_file_number_truth_and_prediction(make_data) -> None:
    names = ("a/IMG_0001.JPG", "a/IMG_0003.JPG", "a/IMG_0004.JPG", "a/IMG_0009.JPG")
    names = (*names, "b/IMG_0005.JPG", "a/IMG_0010.JPG", "a/other.JPG", "")
    data = make_data([0, 0, 0, 0, 0, 1, 0, 0], [[0.2, 0.8]] * 8)
    data = replace(data, events=replace(data.events, paths=names))
    # 1, 3 and 4 are a chain; 9 is far, b another folder, 10 another truth, two have no number
    assert kept(data) == [0, 3, 4, 5, 6, 7]


def test_one_per_burst_keeps_everything_without_facts(make_data) -> None:
    data = make_data([0, 0], [[0.2, 0.8]] * 2)
    data = replace(data, event_ids=("x", "y"), events=replace(data.events, paths=("", "")))
    assert kept(data) == [0, 1]
