from __future__ import annotations

import numpy as np
import pytest

from ctc.training.model.mixing import Box, Mix, Mixing, mix_images

pytestmark = pytest.mark.tensorflow


SHAPE = (6, 30, 40, 3)
PHOTOS = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
PARTNER = np.array([2, 0, 1, 3, 5, 4], np.int32)


def _draw(mixing: Mixing, epoch: int, step: int) -> Mix:
    mix = mixing.draw(epoch, step, SHAPE)
    assert mix is not None
    return mix


def _many(mixup: float, cutmix: float) -> list[Mix]:
    return [_draw(Mixing(mixup, cutmix, seed=0), 0, step) for step in range(400)]


def _parts(mix: Mix) -> tuple[object, ...]:
    return (*mix.partner.tolist(), mix.share, mix.box)


def test_draw_without_alpha_mixes_nothing():
    assert Mixing(0.0, 0.0, seed=0).draw(0, 0, SHAPE) is None


def test_draw_depends_on_seed_epoch_step_and_host_alone():
    first = _draw(Mixing(1.0, 1.0, seed=3, host=1), 4, 5)
    assert _parts(_draw(Mixing(1.0, 1.0, seed=3, host=1), 4, 5)) == _parts(first)
    others = (
        _draw(Mixing(1.0, 1.0, seed=2, host=1), 4, 5),
        _draw(Mixing(1.0, 1.0, seed=3, host=0), 4, 5),
        _draw(Mixing(1.0, 1.0, seed=3, host=1), 3, 5),
        _draw(Mixing(1.0, 1.0, seed=3, host=1), 4, 6),
    )
    assert all(other.share != first.share for other in others)


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.2, 0.0), (0.0, 1.0)])
def test_draw_pairs_each_photo_once(mixup, cutmix):
    drawn = _many(mixup, cutmix)
    assert all(sorted(mix.partner.tolist()) == list(range(6)) for mix in drawn)
    assert len({tuple(mix.partner.tolist()) for mix in drawn}) > 200
    assert all((mix.box is None) == (cutmix == 0) for mix in drawn)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_draw_of_mixup_takes_shares_from_beta_distribution(alpha):
    """Beta(α, α) has the mean 1/2 and the variance 1 / (4 (2 α + 1))."""
    shares = [mix.share for mix in _many(alpha, 0.0)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)
    assert np.var(shares) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.15)


def test_draw_of_cutmix_gives_share_outside_of_box():
    drawn = _many(0.0, 1.0)
    for mix in drawn:
        assert mix.box is not None
        top, bottom, left, right = mix.box
        assert 0 <= top <= bottom <= 30
        assert 0 <= left <= right <= 40
        assert mix.share == pytest.approx(1 - (bottom - top) * (right - left) / 1200)
    inside = [
        box for box in (mix.box for mix in drawn) if box and box.top and box.left and box.right < 40
    ]
    whole = [box for box in inside if box.bottom < 30]
    aspects = [
        (box.right - box.left) / (box.bottom - box.top) for box in whole if box.bottom > box.top + 9
    ]
    assert np.mean(aspects) == pytest.approx(40 / 30, rel=0.05)


def test_draw_of_both_takes_each_for_half_of_the_batches():
    assert np.mean([mix.box is None for mix in _many(0.5, 0.5)]) == pytest.approx(0.5, abs=0.1)


def test_mix_images_blends_pixels_in_proportion():
    expected = 0.3 * PHOTOS.astype(np.float64) + 0.7 * PHOTOS[PARTNER]
    mixed = np.asarray(mix_images(PHOTOS, Mix(PARTNER, 0.3)))
    assert (mixed.dtype, mixed.shape) == (np.uint8, SHAPE)
    assert np.abs(mixed - expected).max() <= 0.5 + 1e-4


def test_mix_images_fills_box_with_partner():
    mixed = np.asarray(mix_images(PHOTOS, Mix(PARTNER, 0.9, Box(3, 13, 8, 20))))
    expected = PHOTOS.copy()
    expected[:, 3:13, 8:20] = PHOTOS[PARTNER][:, 3:13, 8:20]
    np.testing.assert_array_equal(mixed, expected)


def test_dominant_photo_has_the_larger_share():
    own, partner = Mix(PARTNER, 0.6), Mix(PARTNER, 0.4)
    assert (own.dominant.tolist(), own.other.tolist()) == (list(range(6)), PARTNER.tolist())
    assert (partner.dominant.tolist(), partner.other.tolist()) == (PARTNER.tolist(), list(range(6)))
    assert own.dominant_share == partner.dominant_share == 0.6
