"""Steps on mixed photos: losses add up in proportion, metrics go by the dominant photo."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from ctc.artifacts.run import Run
from ctc.errors import UsageError
from ctc.plugin import Backbone, Batch
from ctc.training.config import TrainingConfig
from ctc.training.model.losses import Criterion
from ctc.training.model.mixing import Box, Mix, mix_images
from ctc.training.model.multi_label_loss import MultiLabelCriterion
from ctc.training.plan import TrainingPlan, resolve_plan
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoints
from ctc.training.trainer.steps.train_step import ModelRunner
from ctc.training.trainer.training_model import TrainingModel, mix_targets, soft_key

pytestmark = pytest.mark.tensorflow


PHOTOS = np.random.default_rng(0).integers(0, 256, (10, 16, 20, 3), np.uint8)
SPECIES = np.array([0, 1, 2, -1, -1, -1, -1, 0, 1, -1], np.int32)
COUNT = np.array([0, 1, -1, 0, 1, 0, 1, 0, -1, -1], np.int32)
PARTNER = np.array([3, 0, 7, 1, 5, 4, 6, 8, 2, 9], np.int32)
MIXES = {
    "mostly itself": Mix(PARTNER, 0.7),
    "mostly the partner": Mix(PARTNER, 0.2),
    "a box of the partner": Mix(PARTNER, 0.85, Box(2, 8, 4, 12)),
}
SEVERAL = np.array(
    [[1, 0, 1], [0, 1, 0], [0, 0, 0], [-1, -1, -1], [1, 1, 1], *([[0, 1, 1]] * 5)], np.int32
)


def _plain(shape: tuple[int, int, int]) -> keras.Model:
    images = keras.Input(shape)
    return keras.Model(
        images, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(images))
    )


def _config(dataset: Path) -> TrainingConfig:
    return TrainingConfig(
        str(dataset), "run", "small_cnn", ("species", "count"), loader="arrays", height=16, width=20
    )


@pytest.fixture
def plan(tiny_dataset, plugins_with_arrays) -> TrainingPlan:
    made = resolve_plan(
        replace(_config(tiny_dataset().folder), label_weights={"count": 0.5}), plugins_with_arrays
    )
    return replace(made, backbone=Backbone("plain", "", (16, 16), _plain))


def _model(criterion: Criterion) -> TrainingModel:
    inputs = keras.Input((1,))
    return TrainingModel(
        keras.Model(inputs, {"species": keras.layers.Dense(3)(inputs)}), {"species": criterion}
    )


def _weights(plan: TrainingPlan, batch: Batch, mix: Mix | None = None, parts: int = 1):
    runner = ModelRunner(plan, parts)
    for _ in range(2):
        runner.train_step(batch, mix)
    return [weight.numpy() for weight in runner.network.weights]


BATCH = Batch(PHOTOS, {"species": SPECIES, "count": COUNT})
SOFT = np.random.default_rng(1).dirichlet(np.ones(3), 10).astype(np.float32)
CASES = {
    "plain": (Criterion(), BATCH),
    "smoothing": (Criterion(smoothing=0.2), BATCH),
    "focal": (Criterion(loss="focal"), BATCH),
    "class weights": (Criterion(class_weights=(1.0, 3.0, 0.5)), BATCH),
    "soft labels": (Criterion(), replace(BATCH, soft_labels={"species": SOFT})),
    "weights": (Criterion(), replace(BATCH, weights=np.linspace(0, 2, 10).astype(np.float32))),
    "several classes": (
        MultiLabelCriterion(class_weights=(1.0, 3.0, 0.5)),
        Batch(PHOTOS, {"species": SEVERAL, "count": COUNT}),
    ),
}


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
@pytest.mark.parametrize(("criterion", "batch"), CASES.values(), ids=CASES)
def test_loss_of_mixture_adds_up_in_proportion(criterion, batch, mix):
    """Labels are missing from one, the other or both photos of a mixture."""
    logits = np.random.default_rng(2).normal(size=(10, 3)).astype(np.float32)
    soft = batch.soft_labels.get("species")
    weights = np.ones(10, np.float32) if batch.weights is None else batch.weights
    targets = {"species": batch.labels["species"]}
    model = _model(criterion)
    mixed, mixed_weights = mix_targets(
        targets if soft is None else {**targets, soft_key("species"): soft},
        {"species": weights},
        mix,
    )

    def losses(order: np.ndarray) -> np.ndarray:
        target = None if soft is None else soft[order]
        return np.asarray(criterion.loss_per_photo(batch.labels["species"][order], logits, target))

    own, partner = losses(np.arange(10)), losses(PARTNER)
    expected = mix.share * weights @ own + (1 - mix.share) * weights[PARTNER] @ partner
    loss = model.compute_loss(None, mixed, {"species": logits}, mixed_weights)
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    logs = model.compute_metrics(None, mixed, {"species": logits}, mixed_weights)
    expected = mix.share * own.sum() + (1 - mix.share) * partner.sum()
    assert float(logs["loss_0"]) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_accuracy_of_mixture_is_that_of_dominant_photo(mix):
    logits = np.random.default_rng(2).normal(size=(10, 3)).astype(np.float32)
    dominant = SPECIES if mix.share > 0.5 else SPECIES[PARTNER]
    targets = mix_targets({"species": SPECIES}, {"species": np.ones(10, np.float32)}, mix)
    logs = _model(Criterion()).compute_metrics(None, targets[0], {"species": logits}, targets[1])
    assert float(logs["correct_0"]) == np.sum(logits.argmax(axis=1) == dominant)
    assert np.asarray(logs["support_0"]).tolist() == np.bincount(dominant[dominant >= 0]).tolist()


def test_mixed_step_learns_both_labels_of_mixed_photos(plan):
    """The same as both labels, one after the other, of photos that were mixed before."""
    mix = MIXES["mostly the partner"]
    photos = np.asarray(mix_images(PHOTOS, mix))
    labels = {
        label: np.concatenate([classes, classes[PARTNER]])
        for label, classes in BATCH.labels.items()
    }
    # the mean is over twice as many photos
    weights = np.repeat(np.float32([2 * mix.share, 2 * (1 - mix.share)]), 10)
    twice = Batch(np.concatenate([photos, photos]), labels, weights=weights)
    mixed = _weights(plan, BATCH, mix)
    for one, other in zip(mixed, _weights(plan, twice), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    for one, other in zip(mixed, _weights(plan, BATCH, mix, 3), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-5)
    unmixed = _weights(plan, BATCH)
    assert any(not np.allclose(a, b, atol=1e-5) for a, b in zip(mixed, unmixed, strict=True))


def test_trainer_mixes_and_resumes_to_the_same_weights(
    config, plugins_with_arrays, array_loader, reporter, tmp_path
):
    mixed = replace(config, deterministic=True, epochs=2, mixup=0.4, cutmix=1.0)
    array_loader.interrupt_at, array_loader.signal = (1, 1), signal.SIGINT
    with pytest.raises(KeyboardInterrupt):
        train(mixed, plugins_with_arrays, reporter)
    array_loader.interrupt_at = None
    resumed = resume(mixed, plugins_with_arrays, reporter).run
    whole, unmixed = (
        train(replace(other, output=str(tmp_path / name)), plugins_with_arrays, reporter).run
        for name, other in (("whole", mixed), ("unmixed", replace(mixed, mixup=0, cutmix=0)))
    )
    first, second, third = (
        list(Checkpoints(run.checkpoints).latest().arrays.values())
        for run in (resumed, whole, unmixed)
    )
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(not np.array_equal(one, other) for one, other in zip(first, third, strict=True))


def test_resume_keeps_mixing(config, plugins_with_arrays, after_one_epoch: Run, reporter):
    with pytest.raises(UsageError, match=r"was started with 0\.0 as 'mixup', not 0\.2"):
        resume(replace(config, mixup=0.2), plugins_with_arrays, reporter)


def test_plan_rejects_mixing_of_single_photos(tiny_dataset, plugins_with_arrays):
    alone = replace(_config(tiny_dataset().folder), batch_size=1, cutmix=1.0)
    with pytest.raises(UsageError, match="choose a larger --batch-size"):
        resolve_plan(alone, plugins_with_arrays)
