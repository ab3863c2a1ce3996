"""Distribution of each augmentation, measured on simple images for each loader.

Each quantity is uniform in a range. The largest difference between the distribution of N measured
values and the uniform one (the Kolmogorov–Smirnov distance) stays below 1.95 / sqrt(N), which one
seed in a thousand would exceed.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ctc.artifacts.event_record import EventRecord
from ctc.images import encode_jpeg
from ctc.plugin import NO_AUGMENTATION, Augmentation, LoaderConfig

N = 250
SIDE = 48
GREY = np.full((96, 96, 3), 128, np.uint8)
ORANGE = np.full((96, 96, 3), (170, 128, 86), np.uint8)


def ramp(low: int, high: int) -> np.ndarray:
    """Return a grey photo that brightens evenly from left to right."""
    return np.repeat(
        np.tile(np.linspace(low, high, 96).astype(np.uint8), (96, 1))[:, :, None], 3, axis=2
    )


GENTLE, STEEP = ramp(80, 176), ramp(0, 255)


@pytest.fixture
def varied(loader, dataset_of):
    """A function that returns N augmented images of a photo, float64 (N, SIDE, SIDE, 3)."""

    def vary(photo: np.ndarray, **augmentation) -> np.ndarray:
        jpeg = encode_jpeg(photo, 95)
        event = EventRecord("an event", (jpeg,), ((96, 96),), {"species": (0,)}, ("a.jpg",), {})
        dataset = dataset_of(
            {"train": [event] * N}, {"species": ("none",)}, name="-".join(map(str, augmentation))
        )
        chosen = Augmentation(**{**vars(NO_AUGMENTATION), **augmentation})
        stream = loader(
            dataset,
            "train",
            LoaderConfig(SIDE, SIDE, ("species",), 50, augmentation=chosen, seed=3),
        )
        return np.concatenate([batch.images for batch in stream.epoch(0)]).astype(np.float64)

    return vary


def distance(values: np.ndarray, low: float, high: float) -> float:
    """Return the distance of the values' distribution from the uniform one, times sqrt(N)."""
    expected = np.clip((np.sort(values) - low) / (high - low), 0, 1)
    steps = np.arange(len(values) + 1) / len(values)
    return max(np.abs(expected - steps[1:]).max(), np.abs(expected - steps[:-1]).max()) * np.sqrt(
        len(values)
    )


def slopes(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean change of grey per pixel down and to the right, mid-image."""
    down, right = np.gradient(images[:, 16:32, 16:32, 1], axis=(1, 2))
    return down.mean(axis=(1, 2)), right.mean(axis=(1, 2))


@pytest.mark.parametrize("mode", ["little", "full_fast", "full_randomized"])
def test_brightness_shifts_by_up_to_20_percent(varied, mode) -> None:
    brightness = (varied(GREY, color=mode) @ [0.299, 0.587, 0.114]).mean(axis=(1, 2)) - 128
    assert distance(brightness / 255, -0.2, 0.2) < 1.95


@pytest.mark.parametrize("mode", ["little", "full_randomized"])
def test_saturation_scales_by_up_to_20_percent(varied, mode) -> None:
    span = np.ptp(varied(ORANGE, color=mode).mean(axis=(1, 2)), axis=1)
    assert distance(span / np.ptp(ORANGE[0, 0]), 0.8, 1.2) < 1.95


def test_contrast_scales_by_0_9_to_1_3(varied) -> None:
    spread = varied(GENTLE, color="full_randomized")[..., 1].std(axis=(1, 2))
    assert distance(spread / cv2.resize(GENTLE, (SIDE, SIDE)).std(), 0.9, 1.3) < 1.95


def test_hue_rotates_by_up_to_5_percent(varied) -> None:
    colors = varied(ORANGE, color="full_randomized").mean(axis=(1, 2)).astype(np.float32)
    hue = cv2.cvtColor(colors[None], cv2.COLOR_RGB2HSV)[0, :, 0]
    turned = (
        hue - cv2.cvtColor(ORANGE[:1, :1].astype(np.float32), cv2.COLOR_RGB2HSV)[0, 0, 0] + 180
    ) % 360 - 180
    assert distance(turned, -18, 18) < 1.95


@pytest.mark.parametrize(
    ("chroma", "of_rgb"),
    [("blue", (-0.168736, -0.331264, 0.5)), ("red", (0.5, -0.418688, -0.081312))],
)
def test_full_fast_shifts_chroma_by_up_to_5_percent(varied, chroma, of_rgb) -> None:
    moved = varied(GREY, color="full_fast").mean(axis=(1, 2)) @ of_rgb
    assert distance(moved / 255, -0.05, 0.05) < 1.95


def test_rotate_covers_angles_up_to_limit(varied) -> None:
    down, right = slopes(varied(STEEP, rotate=45.0))
    assert distance(np.degrees(np.arctan2(down, right)), -45, 45) < 1.95


def test_zoom_scales_both_ways_up_to_limit(varied) -> None:
    _, right = slopes(varied(STEEP, zoom=0.3))
    assert distance(right / (2 * 255 / 95), 0.7, 1.3) < 1.95


def test_crop_removes_at_most_limit(varied) -> None:
    _, right = slopes(varied(STEEP, crop=0.4))
    assert distance(right / (2 * 255 / 95), 0.6, 1.0) < 1.95


def test_crop_lies_anywhere(varied) -> None:
    images = varied(STEEP, crop=0.5)[..., 1].mean(axis=1)
    left, right = images[:, 0], 255 - images[:, -1]
    much = left + right > 64
    assert distance((left / (left + right))[much], 0.0, 1.0) < 1.95


def test_random_erasing_covers_published_areas(varied) -> None:
    images = varied(STEEP, random_erasing=0.5)
    plain = cv2.resize(STEEP, (SIDE, SIDE)).astype(np.float64)
    areas = (np.abs(images - plain).max(axis=3) > 12).mean(axis=(1, 2))
    erased = areas[areas > 0.01]
    assert len(erased) / N == pytest.approx(0.5, abs=0.1)
    # a pixel in eleven has about the colour of its box
    assert 0.015 < erased.min() < 0.06
    assert 0.25 < erased.max() <= 0.41
    assert np.median(erased) == pytest.approx(0.19, abs=0.04)


def test_randaugment_draws_each_operation_alike(varied) -> None:
    """On an even grey five operations of 14 leave black corners, two change the grey, seven
    nothing."""
    images = varied(GREY, randaugment=1, randaugment_magnitude=8.0)
    middle, least = images[:, 22:26, 22:26].mean(axis=(1, 2, 3)), images.min(axis=(1, 2, 3))
    moved = (least < 100) & (np.abs(middle - 128) < 2)
    changed = np.abs(middle - 128) > 20
    for share, expected in ((moved.mean(), 5 / 14), (changed.mean(), 2 / 14)):
        assert share == pytest.approx(expected, abs=0.1)
    assert (~moved & ~changed).mean() == pytest.approx(7 / 14, abs=0.1)
