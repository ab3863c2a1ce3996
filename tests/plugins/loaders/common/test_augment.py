"""Augmentation parameters: views, affine transforms and colour matrices."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.plugin import NO_AUGMENTATION, Augmentation
from ctc_plugins.loaders.common.augment import (
    COLOR_ORDERS,
    ViewParams,
    affine_matrix,
    color_matrices,
    downscale_power,
    fit_aspect,
    fold_in_mean,
    random_draws,
    view_params,
)

WHOLE = ViewParams(0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0)


def test_random_draws_depend_on_batch() -> None:
    keys = [(0, 0, 0, 0), (0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)]
    drawn = [random_draws(*key, 4).view.tolist() for key in keys]
    assert drawn[0] == drawn[1]
    assert len({str(numbers) for numbers in drawn}) == 5


def test_random_draws_of_smaller_batch_are_prefix() -> None:
    assert np.array_equal(random_draws(0, 0, 0, 0, 3).color, random_draws(0, 0, 0, 0, 9).color[:3])


def test_view_params_without_augmentation_show_whole_photo() -> None:
    assert view_params(random_draws(0, 0, 0, 0, 20).view, NO_AUGMENTATION) == [WHOLE] * 20


def test_view_params_crop_lies_within_zoom() -> None:
    drawn = random_draws(0, 0, 0, 0, 500).view
    for view, zoomed in zip(
        view_params(drawn, Augmentation(crop=0.3, zoom=0.4)),
        1 + 0.4 * (2 * drawn[:, 0] - 1),
        strict=True,
    ):
        assert (
            0.5 - zoomed / 2 - 1e-9 <= view.top <= view.top + view.height <= 0.5 + zoomed / 2 + 1e-9
        )
        assert 0.7 * zoomed - 1e-9 <= view.height == view.width <= zoomed


def test_affine_matrix_of_whole_photo_is_identity() -> None:
    assert affine_matrix(WHOLE, (30, 40), (30, 40)) == pytest.approx(np.eye(2, 3))


def test_affine_matrix_of_halving_samples_between_pixels() -> None:
    assert affine_matrix(WHOLE, (60, 80), (30, 40)) @ [0, 0, 1] == pytest.approx([0.5, 0.5])


def test_affine_matrix_mirrors_columns() -> None:
    assert affine_matrix(WHOLE._replace(sign=-1.0), (30, 40), (30, 40)) @ [
        0,
        7,
        1,
    ] == pytest.approx([39, 7])


def test_affine_matrix_quarter_turn_swaps_axes() -> None:
    turn = affine_matrix(WHOLE._replace(cosine=0.0, sine=1.0), (31, 31), (31, 31))
    assert turn @ [15, 15, 1] == pytest.approx([15, 15])
    assert turn @ [16, 15, 1] == pytest.approx([15, 16])


def test_fit_aspect_keeps_centre_and_aspect() -> None:
    view = fit_aspect(WHOLE, (100, 200), (50, 50))
    assert (view.top, view.left, view.height, view.width) == (0.0, 0.25, 1.0, 0.5)


@pytest.mark.parametrize(
    ("photo", "expected"),
    [((500, 667), 1), ((447, 447), 1), ((446, 600), 0), ((1792, 1792), 3), ((60, 60), 0)],
)
def test_downscale_power_keeps_photo_large_enough(photo, expected) -> None:
    assert downscale_power(WHOLE, photo, (224, 224)) == expected


def step_by_step(pixels: np.ndarray, draws: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Apply the changes one after the other to float pixels (n, 3)."""
    for name in names:
        if name == "brightness":
            pixels = pixels + 255 * (0.4 * draws[0] - 0.2)
        elif name == "saturation":
            luma = (pixels @ [0.299, 0.587, 0.114])[:, None]
            pixels = luma + (0.8 + 0.4 * draws[1]) * (pixels - luma)
        elif name == "contrast":
            mean = pixels.mean(axis=0)
            pixels = mean + (0.9 + 0.4 * draws[3]) * (pixels - mean)
    return pixels


@pytest.mark.parametrize("mode", ["little", "full_randomized"])
@pytest.mark.parametrize("order", range(4))
def test_color_matrices_combine_all_changes(mode, order) -> None:
    draws = np.array([[0.9, 0.1, 0.5, 0.8, (order + 0.5) / 4]])
    pixels = np.random.default_rng(0).uniform(60, 200, (50, 3))
    names = tuple(
        name
        for name in COLOR_ORDERS[order]
        if mode == "full_randomized" or name in ("brightness", "saturation")
    )
    matrix = fold_in_mean(color_matrices(draws, mode)[0].tolist(), pixels.mean(axis=0).tolist())
    assert pixels @ matrix[:, :3].T + matrix[:, 3] == pytest.approx(
        step_by_step(pixels, draws[0], names), abs=1e-3
    )


def test_color_matrices_depend_on_order_of_saturation_and_hue() -> None:
    draws = np.array([[0.9, 0.1, 0.2, 0.8, (order + 0.5) / 4] for order in range(4)])
    matrices = [str(matrix.round(6)) for matrix in color_matrices(draws, "full_randomized")]
    assert matrices[0] == matrices[1] != matrices[2] == matrices[3]


def test_color_matrices_hue_keeps_grey() -> None:
    matrix = color_matrices(np.array([[0.5, 0.5, 1.0, 0.25, 0.0]]), "full_randomized")[0, :, :3]
    assert matrix @ [100, 100, 100] == pytest.approx([100, 100, 100])
    red, green, blue = matrix @ [100, 0, 0]
    assert red > green > 0 > blue


def test_color_matrices_full_fast_only_shifts_channels() -> None:
    matrix = color_matrices(np.array([[0.5, 1.0, 0.5, 0, 0]]), "full_fast")[0]
    assert np.array_equal(matrix[:, :6], np.eye(3, 6))
    assert matrix[:, 6] == pytest.approx([0, -255 * 0.05 * 0.344136, 255 * 0.05 * 1.772])
