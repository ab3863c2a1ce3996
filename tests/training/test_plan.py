from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.errors import CtcError, UsageError
from ctc.hardware import nvidia_gpus
from ctc.plugin import Augmentation, Loader
from ctc.plugin.manager import Plugins
from ctc.training.config import TrainingConfig
from ctc.training.plan import choose_loader, resolve_plan


def _config(dataset, **options) -> TrainingConfig:
    config = TrainingConfig(
        str(dataset.folder), "run", "small_cnn", ("species", "count"), loader="arrays", batch_size=8
    )
    return replace(config, **options)


def _loader(name: str, reason: str | None = None) -> Loader:
    return Loader(name, "", lambda: reason, lambda dataset, split, config: None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"labels": ()},
            r"say what to learn with --label: '.*' has 'species' \(3 classes\), 'count' \(2 classes\)",
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
        ({"label_weights": {"count": 0.0, "species": 0.0}}, "nothing would be learnt"),
    ],
)
def test_what_is_not_there_is_named(tiny_dataset, plugins_with_arrays, options, message):
    with pytest.raises(UsageError, match=message):
        resolve_plan(_config(tiny_dataset(), **options), plugins_with_arrays)


def test_drawing_is_for_training_and_weighs_as_class_weights_do(tiny_dataset, plugins_with_arrays):
    """Of 12 train events 6 have the count 1 and 3 the count 2+."""
    plan = resolve_plan(
        _config(tiny_dataset(), sampling="balanced", sampling_label="count"), plugins_with_arrays
    )
    draw = plan.training_loader_config().draw_weights
    assert draw is not None
    assert (draw.label, draw.weights) == ("count", pytest.approx((9 / 12, 9 / 6)))
    assert plan.evaluation_loader_config().draw_weights is None


def test_a_dataset_without_a_train_split_is_refused(tiny_dataset, plugins_with_arrays):
    with pytest.raises(UsageError, match="no split called 'train': did you mean 'training'"):
        resolve_plan(_config(tiny_dataset({"training": 6})), plugins_with_arrays)


def test_a_label_with_one_class_is_refused(tiny_dataset, plugins_with_arrays):
    with pytest.raises(
        UsageError, match="'species' has only the class 'boar' in the split 'train'"
    ):
        resolve_plan(_config(tiny_dataset({"train": 1, "val": 6})), plugins_with_arrays)


def test_training_is_varied_and_evaluation_is_not(tiny_dataset, plugins_with_arrays):
    plan = resolve_plan(_config(tiny_dataset(), seed=7, threads=3, crop=0.2), plugins_with_arrays)
    training, evaluation = plan.training_loader_config(), plan.evaluation_loader_config()
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
def test_a_partial_batch_is_left_out_unless_it_is_the_only_one(
    tiny_dataset, plugins_with_arrays, batch_size, choice, taken
):
    """12 events with 24 photos."""
    config = _config(tiny_dataset(), batch_size=batch_size, image_choice=choice)
    batches = resolve_plan(config, plugins_with_arrays).training_loader_config()
    assert (batches.batch_size, batches.drop_remainder) == (taken, True)


def test_size_and_resize_and_choice_reach_the_loader_and_the_model(
    tiny_dataset, plugins_with_arrays
):
    config = _config(tiny_dataset(), height=24, width=32, resize="fit-crop", image_choice="all")
    plan = resolve_plan(config, plugins_with_arrays)
    for said in (
        plan.preprocessing,
        plan.training_loader_config(),
        plan.evaluation_loader_config(),
    ):
        assert (said.height, said.width, said.resize, said.image_choice) == (
            24,
            32,
            "fit-crop",
            "all",
        )


def test_stacked_grey_photos_are_standardised_as_grey(tiny_dataset, plugins_with_arrays):
    plan = resolve_plan(
        _config(tiny_dataset(), image_choice="grayscale_stacking"), plugins_with_arrays
    )
    mean, _ = plan.channel_statistics
    assert mean == pytest.approx((0.42935,) * 3)


def test_a_split_without_any_of_the_labels_is_none(tiny_dataset, plugins_with_arrays):
    plan = resolve_plan(_config(tiny_dataset({"train": 6, "val": 0})), plugins_with_arrays)
    assert not plan.has_split("val")
    assert not plan.has_split("test")


def test_auto_takes_the_first_that_runs():
    loaders = {name: _loader(name) for name in ("arrays", "tfdata", "turbo")}
    assert choose_loader("auto", loaders, Plugins([], [])) == (loaders["turbo"], "")


def test_auto_passes_over_what_cannot_run():
    loaders = {"turbo": _loader("turbo", "no compiler"), "tfdata": _loader("tfdata")}
    assert choose_loader("auto", loaders, Plugins([], [])) == (
        loaders["tfdata"],
        "'turbo': no compiler",
    )


def test_auto_leaves_dali_to_gpus_and_says_so():
    loaders = {name: _loader(name) for name in ("dali", "turbo")}
    wanted = ("dali", "") if nvidia_gpus() else ("turbo", "'dali': no NVIDIA GPU here")
    loader, reason = choose_loader("auto", loaders, Plugins([], []))
    assert (loader.name, reason) == wanted


def test_auto_says_why_nothing_runs():
    with pytest.raises(CtcError, match="no loader can run here: 'turbo': no compiler"):
        choose_loader("auto", {"turbo": _loader("turbo", "no compiler")}, Plugins([], []))
