from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.errors import UsageError
from ctc.plugin import Augmentation
from ctc.training.config import TrainingConfig
from ctc.training.plan import resolve_plan

pytestmark = pytest.mark.tensorflow


def _config(dataset, **options) -> TrainingConfig:
    config = TrainingConfig(
        str(dataset.folder), "run", "small_cnn", ("species", "count"), loader="arrays", batch_size=8
    )
    return replace(config, **options)


def test_training_loader_config_draws_by_class_weights(tiny_dataset, plugins_with_arrays):
    """Of 12 train events 6 have the count 1 and 3 the count 2+."""
    plan = resolve_plan(
        _config(tiny_dataset(), sampling="balanced", sampling_label="count"), plugins_with_arrays
    )
    draw = plan.batches.training_loader_config().draw_weights
    assert draw is not None
    assert (draw.label, draw.weights) == ("count", pytest.approx((9 / 12, 9 / 6)))
    assert plan.batches.evaluation_loader_config().draw_weights is None


def test_loader_configs_augment_training_only(tiny_dataset, plugins_with_arrays):
    plan = resolve_plan(_config(tiny_dataset(), seed=7, threads=3, crop=0.2), plugins_with_arrays)
    training, evaluation = (
        plan.batches.training_loader_config(),
        plan.batches.evaluation_loader_config(),
    )
    assert training.augmentation == Augmentation(crop=0.2)
    assert (training.shuffle, training.seed, training.threads, training.batch_size) == (
        True,
        7,
        3,
        8,
    )
    assert (evaluation.augmentation, evaluation.shuffle, evaluation.drop_remainder) == (
        None,
        False,
        False,
    )
    assert training.labels == ("species", "count")


@pytest.mark.parametrize(
    ("batch_size", "choice", "taken"), [(8, "first", 8), (16, "first", 12), (16, "all", 16)]
)
def test_training_loader_config_drops_partial_batch_unless_only_one(
    tiny_dataset, plugins_with_arrays, batch_size, choice, taken
):
    """12 events with 24 photos."""
    config = _config(tiny_dataset(), batch_size=batch_size, image_choice=choice)
    batches = resolve_plan(config, plugins_with_arrays).batches.training_loader_config()
    assert (batches.batch_size, batches.drop_remainder) == (taken, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"batch_size": 12, "devices": 8},
            "--batch-size 12 can't be divided among 8 devices: choose a multiple of 8",
        ),
        (
            {"batch_size": 12, "devices": 4, "hosts": 2},
            "--batch-size 12 can't be divided among 8 devices",
        ),
        (
            {"batch_size": 80, "devices": 40},
            "the split 'train' of '.*' has too few photos for 40 devices",
        ),
        (
            {"batch_size": 12, "devices": 4, "accumulate": 4},
            "more than the photos of a batch per device: choose at most 3",
        ),
    ],
)
def test_check_rejects_batches_that_devices_cant_share(
    config, plugins_with_arrays, options, message
):
    with pytest.raises(UsageError, match=message):
        resolve_plan(replace(config, **options), plugins_with_arrays)


def test_training_loader_config_shards_by_host(config, plugins_with_arrays):
    plan = resolve_plan(replace(config, hosts=2, host_index=1), plugins_with_arrays)
    assert (
        plan.batches.training_loader_config().shard,
        plan.batches.training_loader_config().batch_size,
    ) == (
        (1, 2),
        6,
    )


def test_training_loader_config_rounds_small_batch_to_devices(config, plugins_with_arrays):
    assert (
        resolve_plan(replace(config, batch_size=80, devices=5), plugins_with_arrays)
        .batches.training_loader_config()
        .batch_size
        == 35
    )
