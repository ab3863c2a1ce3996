from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.plugin.manager import plugins
from ctc.training import plan_warnings as module
from ctc.training.plan import resolve_plan
from ctc.training.plan_warnings import plan_warnings

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def warnings_of(config):
    """The warnings about the options of `config` with changes."""

    def find(**changes: object) -> list[str]:
        changed = replace(config, loader="tfdata", **changes)
        return list(plan_warnings(resolve_plan(changed, plugins())))

    return find


def test_plan_warnings_of_defaults_are_none(warnings_of):
    assert warnings_of() == []


def test_plan_warnings_name_patiences_that_leave_rate_as_it_is(warnings_of):
    (warning,) = warnings_of(early_stopping_patience=3, reduce_lr_patience=6)
    assert warning == (
        "the learning rate is never reduced, because --early-stopping-patience 3 ends the "
        "training before --reduce-lr-patience 6: add --early-stopping-patience 6 or more"
    )
    assert warnings_of(early_stopping_patience=3, reduce_lr_patience=3) == []
    assert warnings_of(reduce_lr_patience=6) == []
    assert warnings_of(early_stopping_patience=3, reduce_lr_patience=6, schedule="cosine") == []
    assert warnings_of(early_stopping_patience=3, reduce_lr_patience=6, min_learning_rate=0.1) == []


def test_plan_warnings_name_large_class_weight(warnings_of, tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("label,class,weight\nspecies,fox,124\nspecies,deer,10\n")
    (warning,) = warnings_of(class_weights=str(path))
    assert warning.startswith(f"--class-weights {path} multiplies the loss of 'species=fox' (")
    assert "by 124: factors above 10 cost accuracy, try --class-weights sqrt" in warning


@pytest.mark.parametrize(
    ("photos", "size", "advised"),
    [(400, 128, 32), (60, 16, 8), (1279, 128, 64), (1280, 128, None), (100, 8, None)],
)
def test_plan_warnings_name_a_batch_size_with_more_steps(
    warnings_of, tiny_dataset, photos, size, advised
):
    dataset = tiny_dataset({"train": photos, "val": 5}, smallest_side=8, name="other")
    found = warnings_of(dataset=str(dataset.folder), batch_size=size)
    if advised is None:
        assert found == []
        return
    (warning,) = found
    assert warning == (
        f"with --batch-size {size} an epoch of {photos:,} train photos has {photos // size} "
        f"steps, in which a network learns little: try --batch-size {advised}"
    )


def test_plan_warnings_name_a_batch_size_for_one_step(warnings_of, tiny_dataset):
    dataset = tiny_dataset({"train": 90, "val": 5}, smallest_side=8, name="other")
    (warning,) = warnings_of(dataset=str(dataset.folder), batch_size=128)
    assert "an epoch of 90 train photos has 1 step, in which" in warning
    assert warning.endswith("try --batch-size 8")


@pytest.mark.parametrize(("backend", "extra"), [("tensorflow", "train-gpu"), ("jax", "jax-cuda12")])
def test_plan_warnings_name_extra_for_a_gpu_that_keras_lacks(
    warnings_of, monkeypatch, backend, extra
):
    monkeypatch.setattr(module, "nvidia_gpus", lambda: 1)
    monkeypatch.setattr(module.keras.backend, "backend", lambda: backend)
    (warning,) = warnings_of()
    assert warning == (
        f"training on the CPU: the driver shows 1 NVIDIA GPU, which Keras on {backend} can't use: "
        f"pip install 'camera-trap-classifier[{extra}]'"
    )
    monkeypatch.setattr(module, "keras_gpus", lambda: ["gpu:0"])
    assert warnings_of() == []


def test_plan_warnings_name_layer_decay_of_random_weights(warnings_of):
    (warning,) = warnings_of(layer_decay=0.8)
    assert warning == (
        "--layer-decay 0.8 slows the first layers down, and here they start from random weights: "
        "add --weights or --from, or leave it out"
    )


def test_plan_warnings_name_a_teacher_of_larger_photos_and_of_crops(warnings_of, build_model):
    labels = {"species": ("boar", "deer", "fox"), "count": ("1", "2+", "3+")}
    changes = {"labels": labels, "classes": 3}
    small = build_model("small.onnx", size=(24, 24), **changes)
    assert warnings_of(teacher=str(small)) == []
    large = build_model("large.onnx", size=(64, 64), crop_margin=0.1, **changes)
    larger, crops = warnings_of(teacher=str(large))
    assert larger.startswith("the teacher sees 16×20 pixels enlarged to its 64×64, and may know")
    assert crops == "the dataset has whole photos, and the teacher was trained on crops of animals"
