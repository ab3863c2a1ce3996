from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import Label
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError, UsageError
from ctc.training.config import TrainingConfig
from ctc.training.model.teacher import CHUNK, open_teacher

pytestmark = pytest.mark.tensorflow

SPECIES = Label("species", ("wolf", "fox"), {"train": (5, 5)})
AGE = Label("age", ("young", "old"), {"train": (5, 5)})
OWN = Preprocessing(16, 20)
IMAGES = np.random.default_rng(0).integers(0, 256, (2 * CHUNK + 5, 16, 20, 3), np.uint8)


@pytest.fixture
def config(model: Path) -> TrainingConfig:
    return TrainingConfig(
        "data", "run", "small_cnn", ("species", "age"), teacher=str(model), threads=2
    )


def test_teacher_answers_in_the_order_of_the_networks_classes(config):
    """The model knows fox, wolf: p(fox) = 1 / (1 + exp(blue - red)) of the mean colour."""
    teacher = open_teacher(config, [AGE, SPECIES], OWN)
    assert teacher is not None
    answers = teacher.logits(IMAGES)
    assert list(answers) == ["species"]
    red, _, blue = (IMAGES.reshape(len(IMAGES), -1, 3).mean(axis=1) / 255).T
    odds = answers["species"][:, 1] - answers["species"][:, 0]  # of fox against wolf
    np.testing.assert_allclose(odds, red - blue, atol=0.03)
    assert np.corrcoef(odds, red - blue)[0, 1] > 0.8
    assert answers["species"].dtype == np.float32


def test_teacher_answers_the_same_with_any_number_of_threads(config):
    one = open_teacher(replace(config, threads=1), [SPECIES], OWN)
    many = open_teacher(replace(config, threads=4), [SPECIES], OWN)
    assert one is not None
    assert many is not None
    assert one.digest == many.digest
    np.testing.assert_array_equal(one.logits(IMAGES)["species"], many.logits(IMAGES)["species"])


def test_teacher_of_more_classes_teaches_those_that_the_network_has(build_model, config):
    labels = {"species": ("boar", "fox", "wolf"), "count": ("1", "2", "3")}
    path = build_model("more.onnx", labels=labels, classes=3)
    teacher = open_teacher(replace(config, teacher=str(path)), [SPECIES], OWN)
    assert teacher is not None
    assert teacher.columns == {"species": (2, 1)}
    assert teacher.logits(IMAGES[:2])["species"].shape == (2, 2)


def test_teacher_of_multi_label_answers_with_log_odds(build_model, config):
    path = build_model("multi.onnx", multi_label=("species",))
    multi = replace(config, teacher=str(path), multi_label=("species",))
    teacher = open_teacher(multi, [SPECIES], OWN)
    assert teacher is not None
    plain = open_teacher(config, [SPECIES], OWN)
    assert plain is not None
    logs = plain.logits(IMAGES)["species"]
    expected = logs - np.log(1 - np.exp(logs))
    np.testing.assert_allclose(teacher.logits(IMAGES)["species"], expected, rtol=1e-3, atol=1e-4)


def test_open_teacher_without_teacher_is_none(config):
    assert open_teacher(replace(config, teacher=None), [SPECIES], OWN) is None


@pytest.mark.parametrize(
    ("changes", "labels", "own", "message"),
    [
        ({}, [AGE], OWN, "has no label 'age': there are 'count', 'species'"),
        (
            {},
            [Label("species", ("fox", "wolf", "lynx", "elk"), {"train": (1, 1, 1, 1)})],
            OWN,
            "does not know 'species=lynx' and 1 more, which the dataset has",
        ),
        ({"multi_label": ("species",)}, [SPECIES], OWN, "leave out --multi-label species"),
        (
            {},
            [SPECIES],
            replace(OWN, image_choice="grayscale_stacking"),
            "was trained with --image-choice random, this network with grayscale_stacking",
        ),
        ({"teacher": None, "teacher_weight": 0.9}, [SPECIES], OWN, "--teacher-weight has no"),
        ({"teacher": "none.onnx"}, [SPECIES], OWN, "'none.onnx' is not there"),
    ],
)
def test_open_teacher_refuses(config, changes, labels, own, message):
    with pytest.raises(UsageError, match=message):
        open_teacher(replace(config, **changes), labels, own)


def test_open_teacher_refuses_another_file(config, tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match="broken"):
        open_teacher(replace(config, teacher=str(path)), [SPECIES], OWN)
