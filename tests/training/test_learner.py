from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from ctc.plugin import Backbone, Batch
from ctc.training.config import TrainingConfig
from ctc.training.metrics.metrics import MetricSums
from ctc.training.model.losses import Criterion
from ctc.training.model.network import get_backbone
from ctc.training.plan import TrainingPlan, resolve_plan
from ctc.training.trainer.train_step import ModelRunner

PHOTOS = np.random.default_rng(0).integers(0, 256, (10, 16, 20, 3), np.uint8)
BATCH = Batch(
    PHOTOS,
    {
        "species": np.array([0, 1, 2, -1, -1, -1, -1, 0, 1, -1], np.int32),
        "count": np.array([0, 1, -1, 0, 1, 0, 1, 0, -1, -1], np.int32),
    },
)
OPTIMIZERS = ("sgd", "rmsprop", "adamw")


def _plain(shape: tuple[int, int, int]) -> keras.Model:
    """Without normalisation, which sees the photos of a part only."""
    images = keras.Input(shape)
    return keras.Model(
        images, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(images))
    )


@pytest.fixture
def plan(tiny_dataset, plugins_with_arrays) -> TrainingPlan:
    config = TrainingConfig(
        str(tiny_dataset().folder),
        "run",
        "small_cnn",
        ("species", "count"),
        loader="arrays",
        height=16,
        width=20,
    )
    return replace(
        resolve_plan(config, plugins_with_arrays), backbone=Backbone("plain", "", (16, 16), _plain)
    )


def _learnt(
    plan: TrainingPlan, parts: int = 1, batch: Batch = BATCH, steps: int = 2
) -> ModelRunner:
    learner = ModelRunner(plan, parts)
    for _ in range(steps):
        learner.train_step(batch, MetricSums())
    return learner


def _weights(learner: ModelRunner) -> list[np.ndarray]:
    return [weight.numpy() for weight in learner.network.weights]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("parts", [2, 3])
def test_parts_learn_what_the_whole_batch_does(plan, optimizer, parts):
    """Labels are missing unevenly among the parts."""
    plan = replace(plan, config=replace(plan.config, optimizer=optimizer))
    for whole, again in zip(_weights(_learnt(plan)), _weights(_learnt(plan, parts)), strict=True):
        np.testing.assert_allclose(again, whole, rtol=1e-3, atol=1e-5)


def test_a_missing_label_moves_no_weight(plan):
    chosen = [0, 1, 2, 7, 8]
    alone = Batch(
        PHOTOS[chosen],
        {"species": BATCH.labels["species"][chosen], "count": np.full(5, -1, np.int32)},
    )
    missing = Batch(
        PHOTOS, {"species": BATCH.labels["species"], "count": np.full(10, -1, np.int32)}
    )
    for one, other in zip(
        _weights(_learnt(plan, batch=alone)), _weights(_learnt(plan, batch=missing)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_label_missing_everywhere_leaves_its_head_alone(plan):
    plan = replace(plan, weight_decay=0.0)
    missing = Batch(PHOTOS, {**BATCH.labels, "count": np.full(10, -1, np.int32)})
    untouched, learnt = ModelRunner(plan), _learnt(plan, batch=missing)
    before, after = (
        [np.asarray(w) for w in one.network.get_layer("head_1").weights]
        for one in (untouched, learnt)
    )
    np.testing.assert_array_equal(before[0], after[0])


def test_a_label_moves_the_network_by_its_weight(plan):
    def moved(weight: float) -> np.ndarray:
        weighted = replace(
            plan, config=replace(plan.config, label_weights={"count": weight, "species": 0.0})
        )
        before, after = ModelRunner(weighted), _learnt(weighted, steps=1)
        return _weights(after)[0] - _weights(before)[0]

    plan = replace(plan, weight_decay=0.0)
    np.testing.assert_allclose(moved(2.0), 2 * moved(1.0), rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("parts", [1, 2])
def test_what_was_learnt_comes_back_and_goes_on_the_same(plan, optimizer, parts):
    plan = replace(plan, config=replace(plan.config, optimizer=optimizer))
    went_on = _learnt(plan, parts)
    taken_up = ModelRunner(plan, 2)
    taken_up.load_state_dict(went_on.state_dict(), parts)
    for learner in (went_on, taken_up):
        learner.train_step(BATCH, MetricSums())
    for one, other in zip(_weights(went_on), _weights(taken_up), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_looking_adds_up_whatever_the_parts(plan):
    whole, parts = MetricSums(), MetricSums()
    ModelRunner(plan, 1).eval_step(BATCH, whole)
    ModelRunner(plan, 3).eval_step(BATCH, parts)
    one, other = whole.compute(plan.label_weights), parts.compute(plan.label_weights)
    assert (one.images, one.labels["species"].n) == (10, 5)
    assert other.loss == pytest.approx(one.loss, rel=1e-5)
    assert other.labels["count"].macro_f1 == pytest.approx(one.labels["count"].macro_f1)


def test_balanced_class_weights_find_more_of_the_rare(tiny_dataset, plugins_with_arrays):
    """Grey photos: 90 dark and 10 brighter ones, which overlap."""
    chance = np.random.default_rng(0)
    rare = np.arange(100) >= 90
    grey = chance.normal(np.where(rare, 150, 110), 25).clip(0, 255)
    photos = np.broadcast_to(grey[:, None, None, None], (100, 16, 20, 3)).astype(np.uint8)
    batch = Batch(photos, {"count": rare.astype(np.int32)})

    def recall(class_weights: tuple[float, ...]) -> float:
        config = TrainingConfig(
            str(tiny_dataset(name=f"{len(class_weights)}").folder),
            "run",
            "small_cnn",
            ("count",),
            loader="arrays",
            height=16,
            width=20,
            optimizer="adamw",
            learning_rate=0.1,
        )
        plan = replace(
            resolve_plan(config, plugins_with_arrays),
            backbone=Backbone("plain", "", (16, 16), _plain),
            criteria={"count": Criterion(class_weights=class_weights)},
        )
        learner, totals = _learnt(plan, batch=batch, steps=40), MetricSums()
        learner.eval_step(batch, totals)
        return float(totals.sums["count"]["hit"][1]) / 10

    assert recall((100 / 180, 100 / 20)) > recall(()) + 0.2


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_mixed_precision_keeps_weights_and_answers_in_32_bits(plan, kind):
    learner = _learnt(replace(plan, config=replace(plan.config, mixed_precision=kind)))
    assert {weight.dtype for weight in learner.network.weights} == {"float32"}
    assert {str(answer.dtype) for answer in learner.network(PHOTOS).values()} == {
        "<dtype: 'float32'>"
    }
    assert get_backbone(learner.network).compute_dtype == kind
    assert keras.config.dtype_policy().name == "float32"
    assert any(name.endswith("dynamic_scale") for name in learner.state_dict()) is (
        kind == "float16"
    )


def test_a_gradient_is_clipped_to_the_longest_allowed(plan):
    clipped = replace(
        plan, weight_decay=0.0, learning_rate=1.0, config=replace(plan.config, clip_norm=0.001)
    )
    before, after = ModelRunner(clipped), _learnt(clipped, steps=1)
    moved = np.concatenate(
        [np.ravel(b - a) for a, b in zip(_weights(before), _weights(after), strict=True)]
    )
    assert np.linalg.norm(moved) == pytest.approx(0.001, rel=1e-3)
