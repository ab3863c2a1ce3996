"""Import of a real network: EfficientNet-Lite0 with ImageNet's weights, on real photos."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from efficientnet_lite0 import CLASSES, FEATURES, MEAN, SIDE, STD
from PIL import Image

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.cli.main import run as ctc
from ctc.images.decode import decode
from ctc.images.resize import to_model_input
from ctc.model_import.config import ImportConfig
from ctc.model_import.run import import_network
from ctc.runtime.session import load_model

ELEPHANTS = {101: "tusker", 385: "Indian elephant", 386: "African elephant"}
CATS, DOGS = range(281, 286), range(151, 269)
PHOTOS = Path("data", "camera-trap-photos")


@pytest.fixture(scope="module")
def imported(lite0_network: Path, shared: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lite0_import")
    names = [ELEPHANTS.get(number, f"class {number}") for number in range(CLASSES)]
    (folder / "classes.txt").write_text("\n".join(names) + "\n")
    config = ImportConfig(
        lite0_network,
        folder / "model.onnx",
        classes=folder / "classes.txt",
        resize="fit-crop",
        scale=1.0,
        mean=(MEAN,) * 3,
        std=(STD,) * 3,
        output_name="probabilities",
        features="auto",
        photos=shared / PHOTOS,
    )
    result = import_network(config)
    assert result.parity.largest_difference <= 1e-5
    assert (result.parity.photos, result.info.feature_size) == (13, FEATURES)
    return result.output


def read_inputs(paths: list[Path]) -> np.ndarray:
    preprocessing = Preprocessing(SIDE, SIDE, "fit-crop")
    return np.stack([to_model_input(decode(path.read_bytes()), preprocessing) for path in paths])


def test_features_of_the_real_network_differ_between_photos(lite0_features: Path) -> None:
    model = load_model(lite0_features, needs="features")
    images = np.stack([np.zeros((224, 224, 3), np.uint8), np.full((224, 224, 3), 255, np.uint8)])
    dark, bright = model.run(images, ["features"])["features"]
    assert dark.shape == (FEATURES,)
    assert not np.allclose(dark, bright)


def test_elephant_is_called_an_elephant(imported: Path, shared: Path, tmp_path) -> None:
    with Image.open(shared / PHOTOS / "african_elephants.jpg") as photo:
        width, height = photo.size
        inner = photo.crop((width // 10, height // 10, width * 9 // 10, height * 9 // 10))
        inner.save(tmp_path / "elephants.jpg", quality=95)
    output = tmp_path / "predictions.csv"
    assert ctc(["predict", str(imported), str(tmp_path), "--output", str(output)]) == 0
    with output.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["prediction_top"] == "African elephant"


def test_cats_are_told_from_dogs(imported: Path, shared: Path) -> None:
    folder = shared / "data" / "cats-and-dogs" / "test" / "test_images"
    model, right, count = load_model(imported), 0, 0
    for kind, own, other in (("Cats", CATS, DOGS), ("Dogs", DOGS, CATS)):
        images = read_inputs(sorted((folder / kind).glob("*.jpg"))[:20])
        values = model.predict(images)["species"]
        right += int((values[:, own].sum(axis=1) > values[:, other].sum(axis=1)).sum())
        count += len(images)
    assert right / count >= 0.85


def test_model_file_answers_as_plain_onnxruntime(
    imported: Path, lite0_network: Path, shared: Path
) -> None:
    paths = [shared / PHOTOS / f"{name}.jpg" for name in ("ocelot", "vehicle", "blank", "human")]
    images = read_inputs(paths)
    session = onnxruntime.InferenceSession(lite0_network, providers=["CPUExecutionProvider"])
    pixels = ((images.astype(np.float32) - MEAN) / STD).transpose(0, 3, 1, 2)
    features, probabilities = session.run(
        ["features", "probabilities"], {"x": np.ascontiguousarray(pixels)}
    )
    found = load_model(imported).run(images, ["features", "species"])
    np.testing.assert_allclose(found["species"], probabilities, atol=1e-5)
    np.testing.assert_allclose(found["features"], features, atol=1e-5)
