"""The order of a camera's files."""

from __future__ import annotations

import numpy as np

from ctc.inventory.clocks.file_numbers import file_order

MAY = np.datetime64("2024-05-01T00:00:00")


def names_in_order(*paths: str, days: list[int] | None = None) -> list[str] | None:
    """Return the names in the order of the files, which were taken on these days."""
    times = MAY + np.array(days or range(len(paths))) * np.timedelta64(86_400, "s")
    order = file_order(paths, times)
    return None if order is None else [paths[at] for at in order]


def test_file_order_is_that_of_folder_and_number() -> None:
    assert names_in_order(
        "a/101RECNX/IMG_0001.JPG", "a/100RECNX/IMG_9999.JPG", "a/100RECNX/IMG_10000.JPG"
    ) == ["a/100RECNX/IMG_9999.JPG", "a/100RECNX/IMG_10000.JPG", "a/101RECNX/IMG_0001.JPG"]


def test_file_order_leaves_out_month_and_day_in_front_of_a_number() -> None:
    # the clock fell back to 1 January; the camera numbered on
    assert names_in_order("100EK113/05010007.JPG", "100EK113/01010008.JPG", days=[0, -121]) == [
        "100EK113/05010007.JPG",
        "100EK113/01010008.JPG",
    ]


def test_file_order_goes_on_with_1_after_9999() -> None:
    names = ("IMG_0001.JPG", "IMG_0002.JPG", "IMG_9998.JPG", "IMG_9999.JPG")
    assert names_in_order(*names, days=[2, 3, 0, 1]) == [*names[2:], *names[:2]]


def test_file_order_is_not_known_without_numbers_or_with_the_same_twice() -> None:
    assert names_in_order("fox.jpg", "hare.jpg") is None
    assert names_in_order("week1_0001.jpg", "b/week1_0001.jpg", "c/week1_0001.jpg") is None
