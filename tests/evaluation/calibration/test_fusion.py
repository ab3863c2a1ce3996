"""The fusion of whole photos, boxes and the detector's confidences."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.evaluation.calibration.fusion import FittedFusion, FusionData, fit_fusion
from ctc.inference.decisions.fusion import EVIDENCE, LabelFusion

CLASSES = ("blank", "deer", "fox")


def world(seed: int, whole_noise: float, box_noise: float, events: int = 400) -> FusionData:
    """Draw events at 20 places, whose parts tell the truth with noise."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, events).astype(np.int32)

    def answers(noise: float) -> np.ndarray:
        scores = 3.0 * np.eye(3)[truth] + rng.normal(0, noise, (events, 3))
        exp = np.exp(scores)
        return exp / exp.sum(axis=1, keepdims=True)

    parts = {"whole": answers(whole_noise), "boxes": answers(box_noise)}
    evidence = np.zeros((events, len(EVIDENCE), 3))
    evidence[:, 0], evidence[:, 1] = np.log(parts["whole"]), np.log(parts["boxes"])
    return FusionData(CLASSES, evidence, truth, rng.integers(0, 20, events), parts)


def fit(data: FusionData) -> FittedFusion:
    found = fit_fusion(data)
    assert isinstance(found, FittedFusion)
    return found


def test_two_parts_that_err_independently_are_better_together() -> None:
    found = fit(world(0, 2.0, 2.0))
    assert found.fusion.kind == "fused"
    assert found.accuracy["fused"] > max(found.accuracy["whole"], found.accuracy["boxes"]) + 0.03
    assert found.log_loss["fused"] < min(found.log_loss["whole"], found.log_loss["boxes"])


@pytest.mark.parametrize(("whole", "box", "kind"), [(0.3, 8.0, "whole"), (8.0, 0.3, "boxes")])
def test_the_part_that_is_always_right_is_enough(whole: float, box: float, kind: str) -> None:
    found = fit(world(1, whole, box, events=60))
    assert found.accuracy[found.fusion.kind] >= found.accuracy[kind] == 1  # type: ignore[index]


def test_fresh_places_are_no_worse_than_with_the_best_part() -> None:
    differences = []
    for seed in range(10):
        found = fit(world(seed, 1.0 + seed / 3, 3.0))
        fresh = world(100 + seed, 1.0 + seed / 3, 3.0, events=3000)
        answers = {**fresh.parts, "fused": found.fusion.fuse(fresh.evidence)}
        right = {name: (one.argmax(axis=1) == fresh.truth).mean() for name, one in answers.items()}
        differences.append(right[found.fusion.kind] - max(right["whole"], right["boxes"]))
    assert min(differences) > -0.01
    assert np.mean(differences) > 0.005


def test_held_out_answers_are_not_those_of_the_fit() -> None:
    data = world(0, 2.0, 2.0, events=40)
    found = fit(data)
    assert found.held_out.shape == (40, 3)
    assert not np.allclose(found.held_out, found.fusion.fuse(data.evidence))


def test_few_events_are_not_fused() -> None:
    assert fit_fusion(world(0, 1, 1, events=20)) == (
        "nothing was fused: it needs 30 events of two places, and there are 20 of "
        f"{len(set(world(0, 1, 1, events=20).group.tolist()))}"
    )


def test_a_fusion_survives_json() -> None:
    found = fit(world(0, 2.0, 2.0)).fusion
    assert LabelFusion.from_json(found.to_json()) == found
