"""A pooling is taken where it pays on places that it was not fitted to, and only there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ctc.evaluation.pooling.answers import Answers, PoolingData, clipped_logs
from ctc.evaluation.pooling.fit import FittedPooling, fit_pooling
from ctc.evaluation.pooling.likelihood import pooled
from ctc.plugin import Aggregation, AggregationContext
from ctc.plugin.manager import plugins


def by_aggregation(world: Any, name: str) -> np.ndarray:
    record = plugins().get(Aggregation, name)
    context = AggregationContext(label="species", classes=(), photos=())
    return np.array(
        [
            record.run(world.probabilities[world.event == event], context)
            for event in range(len(world.truth))
        ]
    )


def fit(world: Any, *names: str) -> FittedPooling | str:
    others = {name: {"species": by_aggregation(world, name)} for name in ("mean", *names)}
    return fit_pooling(world.data(), others, ("species",))


def fitted(world: Any, *names: str) -> FittedPooling:
    found = fit(world, *names)
    assert isinstance(found, FittedPooling)
    return found


def test_pooling_pays_where_features_tell_which_photo_shows_the_animal(
    draw_world: Callable[..., Any],
) -> None:
    found = fitted(draw_world(0), "max", "product")
    assert found.pays
    assert found.accuracy > found.comparisons[0].accuracy + 0.1


def test_pooling_that_pays_is_better_on_fresh_places(draw_world: Callable[..., Any]) -> None:
    found, fresh = fitted(draw_world(1)), draw_world(101, events=2000)
    several = fresh.data().counts > 1
    right = pooled(found.parameters, fresh.data())["species"].argmax(axis=1) == fresh.truth
    of_mean = by_aggregation(fresh, "mean").argmax(axis=1) == fresh.truth
    assert right[several].mean() > of_mean[several].mean() + 0.1


def alike(seed: int) -> Any:
    """Events of three copies of a photo, whose answer is right in 70 %: weights gain nothing."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 300)
    seen = np.where(rng.random(300) < 0.6, truth, rng.integers(0, 4, 300))
    event = np.repeat(np.arange(300), 3)
    probabilities = np.where(np.eye(4)[seen] == 1, 0.7, 0.1)[event].astype(np.float32)
    data = PoolingData(
        rng.normal(0, 1, (900, 3)),
        event,
        rng.integers(0, 20, 300),
        {"species": Answers(clipped_logs(probabilities), truth)},
        {"species": 1.0},
    )
    return SimpleNamespace(probabilities=probabilities, event=event, truth=truth, data=lambda: data)


def test_pooling_does_not_pay_where_photos_of_an_event_are_alike() -> None:
    assert not any(fitted(alike(seed)).pays for seed in range(5))


def test_pooling_is_not_fitted_to_few_places(draw_world: Callable[..., Any]) -> None:
    found = fit(draw_world(0, places=3))
    assert isinstance(found, str)
    assert "5 places" in found


def test_held_out_places_are_in_no_fold_of_their_own_fit(draw_world: Callable[..., Any]) -> None:
    world = draw_world(0)
    found = fitted(world)
    folds = {int(group): set(found.folds[world.group == group]) for group in set(world.group)}
    assert all(len(one) == 1 for one in folds.values())


def test_order_of_photos_and_events_changes_nothing(draw_world: Callable[..., Any]) -> None:
    data = draw_world(4).data()
    order = np.lexsort((-np.arange(len(data.event)), data.event))
    turned = PoolingData(
        data.descriptors[order],
        data.event[order],
        data.group,
        {name: type(one)(one.logs[order], one.truth) for name, one in data.answers.items()},
        data.weights,
    )
    found = fitted(draw_world(4))
    same = pooled(found.parameters, turned)["species"]
    assert same == pytest.approx(pooled(found.parameters, data)["species"], abs=1e-12)
