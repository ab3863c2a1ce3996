"""Networks of camera-trap-classifier 2.x answer as they did.

The reference is the old networks written once more in Keras, `networks_2x`; the files have the
layout of Keras 2.1.6-tf, by h5py alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ctc.cli.main import run as ctc
from ctc.errors import CtcError, InputError
from ctc.model_import.config import ImportConfig
from ctc.model_import.run import import_network
from ctc.runtime.session import load_model

pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install camera-trap-classifier[train]")
from keras_network import answers, draw, stir, write_old_file
from networks_2x import network

from ctc.model_import.keras_files.read import load_keras

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

LABELS = {"species": 5, "count": 3}
NAMES = {label: f"label/{label}" for label in LABELS}
MAPPINGS = {
    "species": {"zebra": 4, "lion": 0, "gnu": 1, "kudu": 3, "hyena": 2},
    "count": {"1": 0, "2": 1, "11-50": 2},
    "resting": {"0": 0, "1": 1},
}
PROCESSING = {
    "output_height": 50,
    "output_width": 60,
    "image_means": [0.4, 0.42, 0.38],
    "image_stdevs": [0.2, 0.25, 0.22],
    "preserve_aspect_ratio": False,
    "image_choice_for_sets": "random",
    "crop_factor": 0.1,
    "is_training": False,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that 2.x left: a network and its two JSON files."""
    made = network("small_cnn", (50, 60), LABELS)
    stir(made)
    write_old_file(tmp_path / "best_model.hdf5", made, NAMES)
    (tmp_path / "label_mappings.json").write_text(json.dumps(MAPPINGS))
    (tmp_path / "image_processing.json").write_text(json.dumps(PROCESSING))
    return tmp_path


def import_it(folder: Path, **options: Any) -> Any:
    return import_network(
        ImportConfig(folder / "best_model.hdf5", folder / "model.onnx", **options)
    )


def test_import_of_a_folder_of_2x_gives_all_labels(folder: Path) -> None:
    result = import_it(folder, features="auto")
    assert result.info.labels == {
        "species": ("lion", "gnu", "hyena", "kudu", "zebra"),
        "count": ("1", "2", "11-50"),
    }
    assert result.info.source["format"] == "camera-trap-classifier 2.x"
    assert (result.info.preprocessing.height, result.info.preprocessing.width) == (50, 60)
    assert result.info.preprocessing.resize == "stretch"
    assert result.parity.largest_difference < 1e-5

    made = network("small_cnn", (50, 60), LABELS)
    stir(made)
    photos = np.random.default_rng(0).integers(0, 256, (6, 50, 60, 3), np.uint8)
    standardised = (photos / 255 - PROCESSING["image_means"]) / PROCESSING["image_stdevs"]
    wanted = answers(made, standardised.astype(np.float32))
    model = load_model(folder / "model.onnx")
    found = model.run(photos, ("species", "count", "features"))
    for label in LABELS:
        assert wanted[label].std(axis=0).max() > 0.01
        np.testing.assert_allclose(found[label], wanted[label], rtol=0, atol=1e-5)
    assert found["features"].shape == (6, 64)


@pytest.mark.parametrize(
    ("name", "described", "first"),
    [
        ("ResNet18", False, 94),
        ("ResNet50", True, 0),
        ("Xception", True, 3),
        ("small_cnn", False, 2),
    ],
)
def test_network_of_2x_is_read_exactly(
    name: str, described: bool, first: int, tmp_path: Path
) -> None:
    size = (75, 91) if name == "Xception" else (48, 64)
    made = network(name, size, LABELS)
    stir(made)
    photos = draw(made, 4)
    wanted = answers(made, photos)
    path = write_old_file(tmp_path / "w.hdf5", made, NAMES, described, first)
    found = load_keras(path, size).built.model(photos, training=False)
    for label in LABELS:
        assert wanted[label].std(axis=0).max() > 0.01
        values = np.asarray(found[f"label/{label}"])
        np.testing.assert_allclose(values, wanted[label], rtol=0, atol=1e-5)


def test_residual_sum_is_known_without_running_its_lambda(tmp_path: Path) -> None:
    """A block as in InceptionResNetV2, whose sums Keras 2 kept as Lambdas of pickled code."""
    import keras
    from keras import layers
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    photos = keras.Input((12, 12, 3))
    features = layers.Conv2D(8, 3, activation="relu")(photos)
    features = CustomScaleLayer(0.17)([features, layers.Conv2D(8, 1)(features)])
    features = layers.GlobalAveragePooling2D()(features)
    made = keras.Model(photos, layers.Dense(4, activation="softmax", name="species")(features))
    stir(made)
    photo = draw(made, 2)
    wanted = answers(made, photo)["species"]
    assert wanted.std(axis=0).max() > 0.01
    path = write_old_file(tmp_path / "w.hdf5", made, {"species": "label/species"})
    found = load_keras(path, None).built.model(photo, training=False)["label/species"]
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=0, atol=1e-6)

    import h5py

    with h5py.File(path, "r+") as file:
        description = json.dumps(json.loads(file.attrs["model_config"]))
        file.attrs["model_config"] = description.replace("block35_1", "mine").encode()
    with pytest.raises(InputError, match="'mine': a 'Lambda' is code"):
        load_keras(path, None)


def change_config(path: Path, layer: str, **options: Any) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        description = json.loads(file.attrs["model_config"])
        (found,) = (one for one in description["config"]["layers"] if one["name"] == layer)
        found["class_name"] = options.pop("class_name", found["class_name"])
        found["config"].update(options)
        file.attrs["model_config"] = json.dumps(description).encode()


@pytest.mark.parametrize(
    ("layer", "options", "message"),
    [
        ("conv2d_1", {"kernel_size": [5, 5]}, r"'conv2d_1', a Conv2D, needs a 'kernel' of shape"),
        ("conv2d_1", {"padding": "causal"}, "'conv2d_1': its padding is 'causal'"),
        ("conv2d_1", {"octaves": 2}, "'conv2d_1': its option 'octaves' is not known here"),
        ("flatten", {"class_name": "Lambda"}, "'flatten': a 'Lambda' is code"),
        ("dense", {"class_name": "Attention"}, "'dense': a 'Attention' is not known here"),
    ],
)
def test_first_layer_that_cant_be_mapped_is_named(
    layer: str, options: dict[str, Any], message: str, folder: Path
) -> None:
    change_config(folder / "best_model.hdf5", layer, **options)
    with pytest.raises(CtcError, match=message):
        import_it(folder)
    assert not (folder / "model.onnx").exists()


def write_json(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("label_mappings.json", {"species": MAPPINGS["species"]}, "has no classes of 'count'"),
        (
            "label_mappings.json",
            MAPPINGS | {"count": {"1": 0, "2": 1}},
            "numbers 2 classes of 'count', the network has 3, from 0 to 2",
        ),
        (
            "label_mappings.json",
            MAPPINGS | {"count": {"1": 0, "2": 1, "3": 1}},
            "'2' and '3' of 'count' are both number 1",
        ),
        ("image_processing.json", {}, "is damaged: it has no 'output_height'"),
        (
            "image_processing.json",
            PROCESSING | {"image_stdevs": [0, 1, 1]},
            "a standard deviation is not above 0",
        ),
        ("image_processing.json", PROCESSING | {"output_width": 64}, "64 pixels"),
    ],
)
def test_files_beside_it_of_another_network_are_refused(
    name: str, content: Any, message: str, folder: Path
) -> None:
    write_json(folder, name, content)
    with pytest.raises(InputError, match=message):
        import_it(folder)


@pytest.mark.parametrize("name", ["label_mappings.json", "image_processing.json"])
def test_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"put its '{name}' beside it"):
        import_it(folder)


def test_preprocessing_of_2x_is_kept(folder: Path) -> None:
    changed = {"preserve_aspect_ratio": True, "image_choice_for_sets": "grayscale_stacking"}
    write_json(folder, "image_processing.json", PROCESSING | changed)
    found = import_it(folder).info.preprocessing
    assert (found.resize, found.image_choice) == ("fit-crop", "grayscale_stacking")


def test_imported_network_predicts_photos(folder: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    (folder / "photos").mkdir()
    Image.fromarray(pixels).save(folder / "photos" / "a.jpg")
    for arguments in (
        ["import", f"{folder}/best_model.hdf5", "--output", f"{folder}/model.onnx"],
        ["predict", f"{folder}/model.onnx", f"{folder}/photos", "--output", f"{folder}/p.csv"],
    ):
        assert ctc(arguments) == 0
    rows = (folder / "p.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ['"species"', '"count"']
