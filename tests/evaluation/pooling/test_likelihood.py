"""The likelihood of a pooling beside slow code, and its gradient beside differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ctc.evaluation.pooling.answers import Answers, PoolingData, clipped_logs
from ctc.evaluation.pooling.likelihood import Parameters, fit_parameters, objective, pooled

DIRECTION, GROWTH = [0.7, -0.3, 0.2], 0.4


def two_labels(world: Any) -> PoolingData:
    """The world with a second label, whose truth is known for every other event."""
    data = world.data()
    flipped = clipped_logs(world.probabilities[:, ::-1])
    truth = np.where(np.arange(len(world.truth)) % 2, 3 - world.truth, -1)
    return PoolingData(
        data.descriptors,
        data.event,
        data.group,
        {**data.answers, "other": Answers(flipped, truth)},
        {"species": 1.0, "other": 0.5},
    )


def slow_objective(values: list[float], data: PoolingData, penalty: float) -> float:
    """The penalised negative log likelihood, photo by photo."""
    *direction, growth = values
    total = penalty / 2 * sum(value**2 for value in values)
    for name, answers in data.answers.items():
        for event, truth in enumerate(answers.truth.tolist()):
            if truth < 0:
                continue
            photos = [row for row, own in enumerate(data.event.tolist()) if own == event]
            attention = [
                math.exp(sum(v * x for v, x in zip(direction, data.descriptors[row], strict=True)))
                for row in photos
            ]
            classes = answers.logs.shape[1]
            scores = [
                len(photos) ** growth
                * sum(a * answers.logs[row, c] for a, row in zip(attention, photos, strict=True))
                / sum(attention)
                for c in range(classes)
            ]
            likelihood = scores[truth] - math.log(sum(math.exp(score) for score in scores))
            total -= data.weights[name] * likelihood
    return total


def test_objective_is_that_of_slow_code(draw_world: Callable[..., Any]) -> None:
    data = two_labels(draw_world(0, events=30))
    found, _ = objective(np.array([*DIRECTION, GROWTH]), data, 1.5)
    assert found == pytest.approx(slow_objective([*DIRECTION, GROWTH], data, 1.5), rel=1e-12)


def test_gradient_is_that_of_differences(draw_world: Callable[..., Any]) -> None:
    data = two_labels(draw_world(1, events=40))
    at = np.array([*DIRECTION, GROWTH])
    _, slope = objective(at, data, 1.5)
    step = 1e-6
    for place in range(4):
        aside = step * np.eye(4)[place]
        up, down = (objective(at + sign * aside, data, 1.5)[0] for sign in (1, -1))
        assert slope[place] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-5)


def test_fit_parameters_finds_the_feature_that_tells(draw_world: Callable[..., Any]) -> None:
    found = fit_parameters(draw_world(2, events=1000).data())
    assert found.direction[0] > 0.8
    assert np.abs(found.direction[1:]).max() < 0.3


def test_pooled_keeps_single_photos(draw_world: Callable[..., Any]) -> None:
    world = draw_world(3)
    data = world.data()
    single = data.counts == 1
    found = pooled(Parameters(np.array(DIRECTION), GROWTH), data)["species"]
    expected = world.probabilities[data.starts[single]]
    assert np.abs(found[single] - expected).max() < 1e-6
