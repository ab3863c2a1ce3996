"""A teacher in a training: what it adds to a step, and that a run with one resumes the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctc.errors import UsageError
from ctc.plugin import Batch
from ctc.training.model.mixing import Mix
from ctc.training.plan import TrainingPlan, resolve_plan
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoints
from ctc.training.trainer.steps.step_data import StepDataMaker
from ctc.training.trainer.steps.train_step import ModelRunner
from ctc.training.trainer.training_model import other_key, teacher_key

pytestmark = pytest.mark.tensorflow

PHOTOS = np.random.default_rng(0).integers(0, 256, (6, 16, 20, 3), np.uint8)
BATCH = Batch(
    PHOTOS,
    {
        "species": np.array([0, 1, 2, 0, -1, -1], np.int32),
        "count": np.array([0, 1, 0, 1, 1, -1], np.int32),
    },
)


LABELS = {"species": ("boar", "deer", "fox"), "count": ("1", "2+", "3+")}
"""Those of the teacher."""


@pytest.fixture
def taught(config, build_model):
    """Options with a teacher of the species and a weight of 0.25."""
    path = build_model("teacher.onnx", labels=LABELS, classes=3)
    return replace(
        config,
        teacher=str(path),
        teacher_weight=0.25,
        label_weights={"species": 2.0},
        deterministic=True,
        epochs=2,
    )


@pytest.fixture
def plan(taught, plugins_with_arrays) -> TrainingPlan:
    return resolve_plan(replace(taught, labels=("species",)), plugins_with_arrays)


def _batch(plan: TrainingPlan) -> Batch:
    return replace(BATCH, labels={name: BATCH.labels[name] for name in plan.class_counts})


def test_step_data_divides_weights_between_labels_and_teacher(plan):
    """Four photos have the label, and the teacher answers all six."""
    images, targets, weights = StepDataMaker(plan, 2)(_batch(plan), None)
    assert images is PHOTOS
    np.testing.assert_allclose(weights["species"], 0.75 * 2.0 * 2 / 4)
    np.testing.assert_allclose(weights[teacher_key("species")], 0.25 * 2.0 * 2 / 6)
    assert plan.teacher is not None
    expected = plan.teacher.logits(PHOTOS)["species"]
    np.testing.assert_array_equal(targets[teacher_key("species")], expected)


def test_step_data_asks_the_teacher_about_mixed_photos(plan):
    mix = Mix(np.arange(6)[::-1].astype(np.int32), 0.75)
    images, targets, weights = StepDataMaker(plan, 1)(_batch(plan), mix)
    mixed = np.asarray(images)
    assert not np.array_equal(mixed, PHOTOS)
    assert plan.teacher is not None
    expected = plan.teacher.logits(mixed)["species"]
    np.testing.assert_array_equal(targets[teacher_key("species")], expected)
    np.testing.assert_allclose(weights[teacher_key("species")], 0.25 * 2.0 / 6)
    np.testing.assert_allclose(weights["species"], 0.75 * 0.75 * 2.0 / 4)
    np.testing.assert_allclose(weights[other_key("species")], 0.75 * 0.25 * 2.0 / 4)


def test_step_data_leaves_labels_that_the_teacher_lacks(taught, plugins_with_arrays):
    labels = replace(taught, labels=("species", "count"))
    plan = resolve_plan(labels, plugins_with_arrays)
    assert plan.teacher is not None
    only = replace(plan.teacher, columns={"species": plan.teacher.columns["species"]})
    _, targets, weights = StepDataMaker(replace(plan, teacher=only), 1)(_batch(plan), None)
    assert teacher_key("count") not in targets
    np.testing.assert_allclose(weights["count"], 1 / 5)


def test_training_by_the_teacher_alone_approaches_its_answers(plan):
    """Without any label, the network learns what the teacher says."""
    plan = replace(plan, config=replace(plan.config, teacher_weight=1.0), learning_rate=0.05)
    unlabelled = replace(_batch(plan), labels={"species": np.full(6, -1, np.int32)})
    runner = ModelRunner(plan)
    assert plan.teacher is not None
    criterion = plan.criteria["species"]

    def distance() -> float:
        answers = plan.teacher.logits(PHOTOS)["species"]
        logits = runner.predict(PHOTOS)["species"]
        return float(np.mean(np.asarray(criterion.distillation_per_photo(answers, logits, 2.0))))

    before = distance()
    for _ in range(60):
        runner.train_step(unlabelled)
    assert distance() < 0.5 * before


def test_resumed_training_with_a_teacher_matches_undisturbed_one(
    taught, plugins_with_arrays, array_loader, reporter, tmp_path
):
    array_loader.interrupt_at = (1, 1)
    with pytest.raises(KeyboardInterrupt):
        train(taught, plugins_with_arrays, reporter)
    assert f"taught by '{taught.teacher}', which has 'species'" in reporter.infos
    array_loader.interrupt_at = None
    resumed = resume(taught, plugins_with_arrays, reporter)
    other = replace(taught, output=str(tmp_path / "undisturbed"))
    undisturbed = train(other, plugins_with_arrays, reporter)
    one, two = (Checkpoints(made.run.checkpoints).latest() for made in (resumed, undisturbed))
    assert one is not None
    assert two is not None
    for array, again in zip(one.arrays.values(), two.arrays.values(), strict=True):
        np.testing.assert_array_equal(array, again)
    assert resumed.run.read().teacher == undisturbed.run.read().teacher


def test_resume_refuses_another_teacher(taught, plugins_with_arrays, reporter, build_model):
    train(replace(taught, epochs=1), plugins_with_arrays, reporter)
    build_model("teacher.onnx", labels=LABELS, classes=3, bias=0.5)
    with pytest.raises(UsageError, match=r"give that file with --teacher, or start"):
        resume(taught, plugins_with_arrays, reporter)
