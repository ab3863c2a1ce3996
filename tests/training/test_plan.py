from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.errors import UsageError
from ctc.training.config import TrainingConfig
from ctc.training.plan import resolve_plan

pytestmark = pytest.mark.tensorflow


def _config(dataset, **options) -> TrainingConfig:
    config = TrainingConfig(
        str(dataset.folder), "run", "small_cnn", ("species", "count"), loader="arrays", batch_size=8
    )
    return replace(config, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"labels": ()},
            (
                r"name at least one label with --label: '.*' has 'species' \(3 classes\), "
                r"'count' \(2 classes\)"
            ),
        ),
        ({"labels": ("specie",)}, "no label called 'specie': did you mean 'species'"),
        ({"backbone": "resnet19"}, "no backbone called 'resnet19': did you mean 'resnet18'"),
        ({"loader": "array"}, "no loader called 'array': did you mean 'arrays'"),
        ({"label_weights": {"cuont": 2.0}}, "--label-weight names 'cuont'.* did you mean 'count'"),
        ({"multi_label": ("specis",)}, "--multi-label names 'specis'.* did you mean 'species'"),
        (
            {"sampling": "balanced", "sampling_label": "cuont"},
            "--sampling-label names 'cuont'.* did you mean 'count'",
        ),
        ({"sampling_label": "count"}, "add --sampling balanced, or leave it out"),
        ({"label_weights": {"count": -1.0}}, "must be 0 or more"),
        ({"label_weights": {"count": float("nan")}}, "must be 0 or more"),
        ({"label_weights": {"count": 0.0, "species": 0.0}}, "nothing would be trained"),
    ],
)
def test_resolve_plan_names_what_is_missing(tiny_dataset, plugins_with_arrays, options, message):
    with pytest.raises(UsageError, match=message):
        resolve_plan(_config(tiny_dataset(), **options), plugins_with_arrays)


def test_resolve_plan_rejects_dataset_without_train_split(tiny_dataset, plugins_with_arrays):
    with pytest.raises(UsageError, match="no split called 'train': did you mean 'training'"):
        resolve_plan(_config(tiny_dataset({"training": 6})), plugins_with_arrays)


def test_channel_statistics_of_stacked_photos_are_grey(tiny_dataset, plugins_with_arrays):
    plan = resolve_plan(
        _config(tiny_dataset(), image_choice="grayscale_stacking"), plugins_with_arrays
    )
    mean, _ = plan.channel_statistics
    assert mean == pytest.approx((0.42935,) * 3)


def test_has_split_ignores_splits_without_the_labels(tiny_dataset, plugins_with_arrays):
    plan = resolve_plan(_config(tiny_dataset({"train": 6, "val": 0})), plugins_with_arrays)
    assert not plan.has_split("val")
    assert not plan.has_split("test")


def test_plan_gives_loader_and_model_the_same_input(tiny_dataset, plugins_with_arrays):
    config = _config(tiny_dataset(), height=24, width=32, resize="fit-crop", image_choice="all")
    plan = resolve_plan(config, plugins_with_arrays)
    for settings in (
        plan.preprocessing,
        plan.batches.training_loader_config(),
        plan.batches.evaluation_loader_config(),
    ):
        assert (settings.height, settings.width, settings.resize, settings.image_choice) == (
            24,
            32,
            "fit-crop",
            "all",
        )


def test_resolve_plan_chooses_batch_size_by_the_train_photos(tiny_dataset, plugins_with_arrays):
    dataset = tiny_dataset({"train": 540, "val": 3})
    config = TrainingConfig(str(dataset.folder), "run", "small_cnn", ("species",), loader="arrays")
    plan = resolve_plan(config, plugins_with_arrays)
    assert (plan.batches.batch_size, plan.batch_reason) == (16, "by the 540 train photos")
    given = resolve_plan(replace(config, batch_size=4), plugins_with_arrays)
    assert (given.batches.batch_size, given.batch_reason) == (4, "")
    assert resolve_plan(plan.config, plugins_with_arrays).config == plan.config
