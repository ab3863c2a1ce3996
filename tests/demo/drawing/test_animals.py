"""Drawing and painting of the demo's animals."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.demo.drawing.animals import KINDS, AnimalKind
from ctc.demo.drawing.figure import Pose, Posture
from ctc.demo.drawing.sprite import Sprite, paint

POSTURES: tuple[Posture, ...] = ("walking", "standing", "grazing", "alert", "looking")


def paint_kind(kind: AnimalKind, posture: Posture = "walking", faces_left: bool = False) -> Sprite:
    rng = np.random.default_rng(1)
    return paint(kind.draw(Pose(posture, 1.0), rng), 100.0, faces_left, 1.0, rng)


@pytest.mark.parametrize("posture", POSTURES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_paint_draws_every_kind_in_every_posture(kind: AnimalKind, posture: Posture) -> None:
    sprite = paint_kind(kind, posture)
    rows, columns = sprite.alpha.shape
    assert sprite.colour.shape == (rows, columns, 3)
    assert 0.1 < sprite.alpha.mean() < 0.9
    assert all(0 <= x < columns and 0 <= y < rows for x, y in sprite.eyes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_paint_matches_size_of_kind(kind: AnimalKind) -> None:
    seen = paint_kind(kind, "standing").alpha > 0.5
    assert seen.any(axis=1).sum() / 100 == pytest.approx(kind.height, rel=0.3)
    assert seen.any(axis=0).sum() / 100 == pytest.approx(kind.length, rel=0.3)


def test_paint_premultiplies_colours() -> None:
    sprite = paint_kind(KINDS[0])
    assert sprite.colour.min() >= 0
    assert (sprite.colour <= sprite.alpha[:, :, None] + 1e-6).all()


def test_paint_mirrors_animal_that_faces_left() -> None:
    left, right = paint_kind(KINDS[2], faces_left=True), paint_kind(KINDS[2])
    assert np.abs(left.alpha[:, ::-1][:, : right.alpha.shape[1]] - right.alpha).mean() < 0.05


def test_draw_moves_legs_with_stride() -> None:
    rng = np.random.default_rng(1)
    one, other = (
        paint(
            KINDS[2].draw(Pose("walking", stride), np.random.default_rng(1)), 100.0, False, 1.0, rng
        )
        for stride in (0.0, 1.5)
    )
    assert one.alpha.shape != other.alpha.shape or np.abs(one.alpha - other.alpha).mean() > 0.01
