from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from ctc.plugin import Backbone, Batch
from ctc.training.config import TrainingConfig
from ctc.training.model.losses import Criterion
from ctc.training.model.network import get_backbone
from ctc.training.plan import TrainingPlan, resolve_plan
from ctc.training.trainer.steps.train_step import ModelRunner

pytestmark = pytest.mark.tensorflow


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
    """A backbone without batch normalisation, which depends on the size of a micro-batch."""
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


def _trained(
    plan: TrainingPlan, accumulation_steps: int = 1, batch: Batch = BATCH, steps: int = 2
) -> ModelRunner:
    runner = ModelRunner(plan, accumulation_steps)
    for _ in range(steps):
        runner.train_step(batch)
    return runner


def _weights(runner: ModelRunner) -> list[np.ndarray]:
    return [weight.numpy() for weight in runner.network.weights]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("accumulation_steps", [2, 3])
def test_train_step_with_micro_batches_matches_whole_batch(plan, optimizer, accumulation_steps):
    """Labels are missing unevenly among the micro-batches."""
    plan = replace(plan, config=replace(plan.config, optimizer=optimizer))
    for whole, again in zip(
        _weights(_trained(plan)), _weights(_trained(plan, accumulation_steps)), strict=True
    ):
        np.testing.assert_allclose(again, whole, rtol=1e-3, atol=1e-5)


def _assert_trained_alike(plan: TrainingPlan, one: Batch, other: Batch, steps: int = 1) -> None:
    for some, others in zip(
        _weights(_trained(plan, 1, one, steps)), _weights(_trained(plan, 1, other, 1)), strict=True
    ):
        np.testing.assert_allclose(some, others, rtol=1e-4, atol=1e-6)


def _one_hot(label: str, classes: int) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[np.maximum(BATCH.labels[label], 0)]


def test_train_step_with_one_hot_soft_labels_matches_classes(plan):
    soft = {"species": _one_hot("species", 3), "count": _one_hot("count", 2)}
    _assert_trained_alike(plan, replace(BATCH, soft_labels=soft), BATCH)


def test_train_step_learns_soft_labels_and_not_classes(plan):
    """The classes say which photos have the label, and nothing else."""
    turned = {"species": _one_hot("species", 3)[:, ::-1].copy()}
    others = np.where(BATCH.labels["species"] < 0, -1, 2 - BATCH.labels["species"])
    _assert_trained_alike(
        plan,
        replace(BATCH, soft_labels=turned),
        Batch(PHOTOS, {**BATCH.labels, "species": others.astype(np.int32)}),
    )


def test_train_step_with_weight_zero_matches_smaller_loss(plan):
    weights = np.array([2, 2, 2, 0, 0, 0, 0, 0, 0, 0], np.float32)
    labels = {"species": BATCH.labels["species"], "count": np.full(10, -1, np.int32)}
    kept = Batch(PHOTOS[:3], {name: values[:3] for name, values in labels.items()})
    # five photos have the label: 2 / 5 of the sum of three losses is 6 / 5 of their mean
    scaled = replace(kept, weights=np.full(3, 6 / 5, np.float32))
    _assert_trained_alike(plan, Batch(PHOTOS, labels, weights=weights), scaled)


def test_train_step_ignores_photos_without_the_label(plan):
    chosen = [0, 1, 2, 7, 8]
    alone = Batch(
        PHOTOS[chosen],
        {"species": BATCH.labels["species"][chosen], "count": np.full(5, -1, np.int32)},
    )
    missing = Batch(
        PHOTOS, {"species": BATCH.labels["species"], "count": np.full(10, -1, np.int32)}
    )
    for one, other in zip(
        _weights(_trained(plan, batch=alone)), _weights(_trained(plan, batch=missing)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_train_step_keeps_head_of_label_missing_everywhere(plan):
    plan = replace(plan, weight_decay=0.0)
    missing = Batch(PHOTOS, {**BATCH.labels, "count": np.full(10, -1, np.int32)})
    untouched, trained = ModelRunner(plan), _trained(plan, batch=missing)
    before, after = (
        [np.asarray(w) for w in one.network.get_layer("head_1").weights]
        for one in (untouched, trained)
    )
    np.testing.assert_array_equal(before[0], after[0])


def test_train_step_scales_update_by_label_weight(plan):
    def moved(weight: float) -> np.ndarray:
        weighted = replace(
            plan, config=replace(plan.config, label_weights={"count": weight, "species": 0.0})
        )
        before, after = ModelRunner(weighted), _trained(weighted, steps=1)
        return _weights(after)[0] - _weights(before)[0]

    plan = replace(plan, weight_decay=0.0)
    np.testing.assert_allclose(moved(2.0), 2 * moved(1.0), rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("accumulation_steps", [1, 2])
def test_state_dict_restores_runner_that_continues_the_same(plan, optimizer, accumulation_steps):
    plan = replace(plan, config=replace(plan.config, optimizer=optimizer))
    continued = _trained(plan, accumulation_steps)
    restored = ModelRunner(plan, 2)
    restored.load_state_dict(continued.state_dict(), accumulation_steps)
    for runner in (continued, restored):
        runner.train_step(BATCH)
    for one, other in zip(_weights(continued), _weights(restored), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_eval_step_is_independent_of_micro_batches(plan):
    whole, split = (ModelRunner(plan, steps).eval_step(BATCH).result() for steps in (1, 3))
    one, other = whole.compute(plan.label_weights), split.compute(plan.label_weights)
    assert (one.images, one.labels["species"].n) == (10, 5)
    assert other.loss == pytest.approx(one.loss, rel=1e-5)
    assert other.labels["count"].macro_f1 == pytest.approx(one.labels["count"].macro_f1)


def test_train_step_with_class_weights_raises_recall_of_rare_class(
    tiny_dataset, plugins_with_arrays
):
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
        metrics = _trained(plan, batch=batch, steps=40).eval_step(batch).result()
        return float(metrics.sums["count"]["true_positives"][1]) / 10

    assert recall((100 / 180, 100 / 20)) > recall(()) + 0.2


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_mixed_precision_keeps_weights_and_outputs_in_32_bits(plan, kind):
    runner = _trained(replace(plan, config=replace(plan.config, mixed_precision=kind)))
    assert {weight.dtype for weight in runner.network.weights} == {"float32"}
    assert {str(output.dtype) for output in runner.network(PHOTOS).values()} == {
        "<dtype: 'float32'>"
    }
    assert get_backbone(runner.network).compute_dtype == kind
    assert keras.config.dtype_policy().name == "float32"
    assert any(name.endswith("dynamic_scale") for name in runner.state_dict()) is (
        kind == "float16"
    )


def test_train_step_clips_gradient_norm(plan):
    config = replace(plan.config, optimizer="sgd", clip_norm=0.001)
    clipped = replace(plan, weight_decay=0.0, learning_rate=1.0, config=config)
    before, after = ModelRunner(clipped), _trained(clipped, steps=1)
    moved = np.concatenate(
        [np.ravel(b - a) for a, b in zip(_weights(before), _weights(after), strict=True)]
    )
    assert np.linalg.norm(moved) == pytest.approx(0.001, rel=1e-3)
