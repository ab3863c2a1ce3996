"""`ctc calibrate` fits strangers for models with features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.cli.main import run
from ctc.runtime.session import load_model

BLUE = np.zeros((1, 16, 24, 3), np.uint8)
BLUE[..., 2] = 255


@pytest.fixture
def model(build_model: Callable[..., Path]) -> Path:
    """A model of the mean colour with features, whose classes are fox and wolf."""
    return build_model("model.onnx", features=True, size=(16, 24))


@pytest.fixture
def dataset(tiny_dataset: Callable[..., Dataset]) -> Dataset:
    return tiny_dataset({"train": 60, "val": 480}, shards=1)


def calibrated(model: Path, dataset: Dataset, *more: str) -> Path:
    output = model.with_name("calibrated.onnx")
    arguments = ["calibrate", str(model), str(dataset.folder), "--output", str(output)]
    assert run([*arguments, *more]) == 0
    return output


def relabelled(model: Path) -> Path:
    """Give the model's two classes names of the dataset: it then learnt boar and deer."""
    import onnx

    made = onnx.load(model)
    for entry in made.metadata_props:
        if entry.key == "labels":
            entry.value = '{"species": ["boar", "deer"], "count": ["1", "2+"]}'
    onnx.save(made, model)
    return model


def test_calibrate_fits_strangers(
    model: Path, dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    written = load_model(calibrated(relabelled(model), dataset))
    found = written.info.strangers
    # foxes, a third of the events, are a class that the model doesn't have
    assert (found["label"], found["split"], found["events"]) == ("species", "val", 320)
    assert found["measured"] <= found["false_alarm_rate"] == 0.05
    assert written.run(BLUE, ("strangeness",))["strangeness"][0, 0] > found["threshold"]
    assert "at most 5.0% of such events will be" in capsys.readouterr().err
    np.testing.assert_allclose(written.predict(BLUE)["count"].sum(axis=1), 1, atol=1e-5)


def test_option_leaves_them_out(model: Path, dataset: Dataset) -> None:
    written = load_model(calibrated(relabelled(model), dataset, "--no-strangers"))
    assert written.info.strangers == {}


def test_they_need_a_split_that_the_model_learnt_from(
    model: Path, tiny_dataset: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = tiny_dataset({"val": 30}, shards=1)
    written = load_model(calibrated(relabelled(model), dataset))
    assert written.info.strangers == {}
    assert "they need the split 'train'" in capsys.readouterr().err


def test_strangers_of_a_probe_stay(
    model: Path, dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    probed = model.with_name("probed.onnx")
    arguments = [str(model), str(dataset.folder), "--label", "species", "--output", str(probed)]
    assert run(["probe", *arguments]) == 0
    before = load_model(probed).info.strangers
    assert before
    assert load_model(calibrated(probed, dataset)).info.strangers == before
    assert "stay as they were fitted" in capsys.readouterr().err
