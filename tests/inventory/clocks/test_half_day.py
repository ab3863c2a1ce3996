"""Clocks that are twelve hours off: by activity, and by the colours of photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.inventory.clocks.activity import _log_gamma, half_day_ratios
from ctc.inventory.clocks.cameras import Camera
from ctc.inventory.clocks.daylight import Daylight, is_grey, look_at_photos
from ctc.inventory.clocks.half_day import HalfDaySearch

APRIL = np.datetime64("2024-04-01T00:00:00")
PEAKS = (1, 7, 13)
"""Hours of three species."""


def camera(number: int, off: int = 0, events: int = 40) -> Camera:
    """Return a camera with events within two hours of the peaks of its species."""
    rng = np.random.default_rng(number)
    species = rng.integers(0, len(PEAKS), events)
    hours = np.array(PEAKS)[species] + rng.uniform(-2, 2, events) + off
    seconds = np.arange(events) * 86_400 + (hours * 3_600).astype(np.int64)
    name = f"c{number}"
    paths = tuple(f"{name}/{at}.png" for at in range(events))
    return Camera(name, (name,), paths, APRIL + seconds.astype("timedelta64[s]"), species)


def none_wrong(cameras: list[Camera]) -> list[np.ndarray]:
    return [np.zeros(len(one), bool) for one in cameras]


def test_half_day_ratios_are_large_for_the_clock_that_is_off_alone() -> None:
    cameras = [camera(0, off=12), *(camera(number) for number in range(1, 8))]
    ratios = half_day_ratios(cameras, none_wrong(cameras))
    assert ratios[0] > 10_000
    assert ratios[1:].max() < 1


def test_half_day_ratios_say_nothing_of_few_cameras_or_classes_not_known() -> None:
    few = [camera(number) for number in range(4)]
    assert np.isnan(half_day_ratios(few, none_wrong(few))).all()
    nothing = [
        Camera(one.name, one.names, one.paths, one.times, np.full(len(one), -1))
        for one in map(camera, range(8))
    ]
    assert np.isnan(half_day_ratios(nothing, none_wrong(nothing))).all()


def test_log_gamma_is_that_of_the_factorials() -> None:
    # Γ(1/2) = √π, Γ(1) = 1, Γ(11) = 10!
    found = _log_gamma(np.array([0.5, 1.0, 11.0]))
    assert found == pytest.approx([np.log(np.pi) / 2, 0, np.log(3_628_800)], abs=1e-9)


def test_daylight_chances_are_those_of_fishers_exact_test() -> None:
    # the lady tasting tea (Fisher 1935): 1 of 70 ways, and 17 of 70 with one cup mistaken
    assert Daylight(4, 0, 0, 4).chance_if_right == pytest.approx(1 / 70)
    assert Daylight(3, 1, 1, 3).chance_if_right == pytest.approx(17 / 70)
    assert Daylight(0, 4, 4, 0).chance_if_right == 1
    assert Daylight(0, 4, 4, 0).chance_if_wrong == pytest.approx(1 / 70)
    assert Daylight().chance_if_right == 1


def test_is_grey_takes_a_cast_for_grey_and_leaves_out_the_strip() -> None:
    noise = np.random.default_rng(0).integers(0, 200, (40, 60, 1), np.uint8)
    grey = np.repeat(noise, 3, axis=2)
    cast = grey + np.array([30, 0, 10], np.uint8)
    strip = grey.copy()
    strip[-5:] = (200, 30, 30)
    coloured = np.random.default_rng(0).integers(0, 200, (40, 60, 3), np.uint8)
    assert [is_grey(one) for one in (grey, cast, strip, coloured)] == [True, True, True, False]


def test_look_at_photos_counts_grey_ones_by_clock_hour(tmp_path: Path) -> None:
    times = APRIL + np.array([10, 34, 11, 23, 25, 30], "timedelta64[h]").astype("timedelta64[s]")
    paths = tuple(f"{number}.png" for number in range(6))
    for path, color in zip(paths, ("grey", "grey", "red", "red", "grey"), strict=False):
        picture = Image.new("RGB", (40, 40), "grey")
        picture.paste(color, (0, 0, 40, 20))
        picture.save(tmp_path / path)
    (tmp_path / paths[2]).write_bytes(b"no photo")
    one = Camera("a", ("a",), paths, times, np.zeros(6, np.int64))
    look = look_at_photos([one], [np.zeros(6, bool)], tmp_path, 40, lambda *_: None)
    assert look.cameras == [Daylight(2, 0, 1, 1)]  # 30 h is 6 in the morning: neither
    assert (look.photos, len(look.failures)) == (5, 1)


@pytest.mark.parametrize("off", [12, -12])
def test_half_day_search_takes_the_direction_that_fits_the_deployment(
    tmp_path: Path, off: int
) -> None:
    cameras = [camera(0, off=off), *(camera(number) for number in range(1, 8))]
    true = cameras[0].times.astype(np.int64) - off * 3_600
    window = int(true.min()) - 3_600, int(true.max()) + 3_600
    search = HalfDaySearch(
        cameras, none_wrong(cameras), tmp_path, 0, lambda *_: None, lambda _: (window,)
    )
    (finding,) = search.run()
    assert (finding.camera, finding.seconds) == ("c0", -off * 3_600)
    assert finding.sure is not None
    assert finding.sure > 0.99
    assert finding.is_sure(0.99)


def test_half_day_search_gives_no_offset_without_a_deployment(tmp_path: Path) -> None:
    cameras = [camera(0, off=12), *(camera(number) for number in range(1, 8))]
    search = HalfDaySearch(cameras, none_wrong(cameras), tmp_path, 0, lambda *_: None)
    (finding,) = search.run()
    assert (finding.seconds, finding.low, finding.high) == (None, None, None)
    assert finding.evidence.endswith("+12 h and -12 h both fit, a day apart")


def write_camera(root: Path, name: str, hours: str, colors: str) -> Camera:
    """Write photos, grey or red (`g`, `r`), one a day at these hours."""
    times = [
        APRIL + np.timedelta64(24 * day + int(hour), "h") for day, hour in enumerate(hours.split())
    ]
    paths = tuple(f"{name}{number}.png" for number in range(len(times)))
    for path, color in zip(paths, colors, strict=True):
        Image.new("RGB", (40, 40), "grey").save(root / path)
        if color == "r":
            picture = Image.new("RGB", (40, 40), "grey")
            picture.paste("red", (0, 0, 40, 20))
            picture.save(root / path)
    return Camera(name, (name,), paths, np.array(times), np.full(len(times), -1))


def test_half_day_search_believes_colours_sooner_where_events_are_outside(tmp_path: Path) -> None:
    wrong = write_camera(tmp_path, "wrong", "23 2 10 10 10 11 12 13 14", "rrggggggg")
    right = [write_camera(tmp_path, f"{number}", "23 2 10 11", "ggrr") for number in range(9)]
    cameras = [wrong, *right]
    start = int(APRIL.astype(np.int64))
    fetched = int(wrong.times[-1].astype(np.int64)) - 3_600

    def search(end: int) -> tuple[float | None, float | None]:
        found = HalfDaySearch(
            cameras,
            none_wrong(cameras),
            tmp_path,
            40,
            lambda *_: None,
            lambda one: ((start, end if one is wrong else end + 86_400),),
            min_sure=0.5,
        )
        (finding,) = found.run()
        return finding.sure, finding.seconds

    # 1 of 36 ways: ten cameras share the error, or the only suspect has half of it for itself
    assert search(fetched + 86_400) == (pytest.approx(1 - 10 / 36), None)
    assert search(fetched) == (pytest.approx(1 - 1 / (1 / 2 + 1 / 20) / 36), -43_200)
