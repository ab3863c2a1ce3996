"""Networks of Keras become ONNX with the same answers; arrays that don't fit are refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_network import answers, draw, stir

from ctc.errors import CtcError, InputError
from ctc.export.session import open_session
from ctc.model_import.keras_files.read import load_keras, read_keras

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
SIZE = (20, 24)

Save = Callable[..., Path]


def run_loaded(path: Path, photos: Any, size: tuple[int, int] | None = None) -> dict[str, Any]:
    outputs = load_keras(path, size).built.model(photos, training=False)
    return {name: np.asarray(values) for name, values in outputs.items()}


def test_read_keras_answers_as_keras_does(network: Any, save: Save) -> None:
    path = save()
    found = read_keras(path, path, None)
    session = open_session(found.model)
    assert {one.name: one.shape for one in session.get_outputs()} == {
        "animal": ["N", 3],
        "traits": ["N", 2],
    }
    photos = draw(network, 4) * 60 + 128
    wanted, run = answers(network, photos), found.run
    assert run is not None
    values = session.run(["animal", "traits"], {"pixels": photos})
    for name, value in zip(("animal", "traits"), values, strict=True):
        assert wanted[name].std(axis=0).max() > 0.01
        np.testing.assert_allclose(value, wanted[name], rtol=0, atol=1e-6)
        np.testing.assert_allclose(run(photos)[name], wanted[name], rtol=0, atol=1e-6)
    assert "features" in {name for node in found.model.graph.node for name in node.output}
    assert run(photos)["features"].shape == (4, 12)
    assert found.format == "Keras 3"
    assert (found.descriptions[0].size, found.descriptions[0].layout) == (SIZE, "nhwc")
    assert found.descriptions[1].scale == 1.0  # the network itself makes -1 to 1 of 0 to 255


def test_load_keras_reads_the_old_layout_too(network: Any, save: Save) -> None:
    import keras

    trunk = keras.Model(network.input, network.get_layer("part").output)
    path = save("network.h5", trunk)
    photos = draw(network)
    wanted = np.asarray(trunk(photos, training=False)).mean(axis=(1, 2))
    found = run_loaded(path, photos)
    assert list(found) == ["features"]  # a network without classes
    np.testing.assert_allclose(found["features"], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_read_keras_gives_both_classes_of_a_network_with_one_number(
    activation: str, save: Save
) -> None:
    import keras

    photos = keras.Input((*SIZE, 3))
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(photos))
    made = keras.Model(photos, keras.layers.Dense(1, activation=activation, name="cat")(features))
    stir(made)
    path = save("binary.keras", made)
    found = read_keras(path, path, None)
    pictures = draw(made)
    wanted = answers(made, pictures)["cat"]
    wanted = wanted if activation == "sigmoid" else 1 / (1 + np.exp(-wanted))
    (values,) = open_session(found.model).run(["cat"], {"pixels": pictures})
    assert wanted.std() > 0.01
    np.testing.assert_allclose(values, np.hstack([1 - wanted, wanted]), rtol=0, atol=1e-6)
    assert found.descriptions[0].activation == "none"


@pytest.mark.parametrize("name", ["my_MobileNetV2_no_top.weights.h5"])
def test_load_keras_knows_weights_alone_by_their_name(name: str, tmp_path: Path) -> None:
    import keras

    theirs = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(75, 96, 3), pooling="avg"
    )
    stir(theirs)
    theirs.save_weights(tmp_path / name)
    photos = draw(theirs, 2)
    found = run_loaded(tmp_path / name, photos, (75, 96))
    wanted = np.asarray(theirs(photos, training=False))
    np.testing.assert_allclose(found["features"], wanted, rtol=1e-5, atol=1e-6)


def test_load_keras_knows_weights_of_our_backbones(tmp_path: Path) -> None:
    from ctc.plugin import Backbone
    from ctc.plugin.manager import plugins

    ours = plugins().get(Backbone, "small_cnn").build((*SIZE, 3))
    stir(ours)
    ours.save_weights(tmp_path / "small_cnn.weights.h5")
    photos = draw(ours)
    found = run_loaded(tmp_path / "small_cnn.weights.h5", photos, SIZE)
    np.testing.assert_allclose(found["features"], np.asarray(ours(photos)), rtol=1e-5, atol=1e-6)


def test_load_keras_refuses_weights_of_an_unknown_network(network: Any, tmp_path: Path) -> None:
    network.save_weights(tmp_path / "ours.weights.h5")
    with pytest.raises(InputError, match="its name is not that of a network: name it after one"):
        load_keras(tmp_path / "ours.weights.h5", SIZE)


@pytest.fixture
def change(save: Save, tmp_path: Path) -> Callable[..., Path]:
    """A function that changes the description and the arrays of a saved network."""

    def change(
        describe: Callable[[dict[str, Any]], None] | None = None,
        arrays: Callable[[Any], None] | None = None,
    ) -> Path:
        import h5py

        with zipfile.ZipFile(save()) as archive:
            description = json.loads(archive.read("config.json"))
            (tmp_path / "w.h5").write_bytes(archive.read("model.weights.h5"))
        if describe is not None:
            describe({one["name"]: one for one in description["config"]["layers"]})
        if arrays is not None:
            with h5py.File(tmp_path / "w.h5", "r+") as file:
                arrays(file)
        path = tmp_path / "changed.keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", json.dumps(description))
            archive.write(tmp_path / "w.h5", "model.weights.h5")
        return path

    return change


def remove_array(file: Any) -> None:
    del file["layers/dense/vars/1"]


def add_array(file: Any) -> None:
    file["layers/dense_7/vars/0"] = np.zeros((2, 2), np.float32)


def transpose_array(file: Any) -> None:
    values = file["layers/dense/vars/0"][()]
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = values.T


def break_array(file: Any) -> None:
    file["layers/dense/vars/1"][0] = np.nan


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (remove_array, r"its layer 'animal', a Dense, has no array 'bias' of shape \(3,\)"),
        (
            add_array,
            r"it has 1 array that no layer of its description takes, such as 'layers/dense_7",
        ),
        (transpose_array, r"needs a 'kernel' of shape \(12, 3\), the file has \(3, 12\)"),
        (break_array, "its layer 'animal' has a 'bias' with numbers that are not finite"),
    ],
)
def test_load_keras_accounts_for_every_array(
    arrays: Callable[[Any], None], message: str, change: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=message):
        load_keras(change(arrays=arrays), None)


def custom_activation(layers: dict[str, Any]) -> None:
    layers["animal"]["config"]["activation"] = {
        "module": "os",
        "class_name": "function",
        "config": "system",
    }


def pickled_lambda(layers: dict[str, Any]) -> None:
    layers["animal"]["class_name"] = "Lambda"
    layers["animal"]["config"] = {
        "name": "animal",
        "function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}},
    }


def foreign_class(layers: dict[str, Any]) -> None:
    layers["animal"]["module"], layers["animal"]["class_name"] = "builtins", "exec"


def huge_layer(layers: dict[str, Any]) -> None:
    layers["animal"]["config"]["units"] = 500_000


def unknown_option(layers: dict[str, Any]) -> None:
    layers["animal"]["config"]["temperature"] = 2.0


def text_for_a_number(layers: dict[str, Any]) -> None:
    layers["animal"]["config"]["units"] = "3"


def to_itself(layers: dict[str, Any]) -> None:
    call = layers["animal"]["inbound_nodes"][0]["args"][0]
    call["config"]["keras_history"] = ["animal", 0, 0]


def channels_first(layers: dict[str, Any]) -> None:
    (pooling,) = (one for one in layers.values() if one["class_name"] == "GlobalAveragePooling2D")
    pooling["config"]["data_format"] = "channels_first"


def other_activation(layers: dict[str, Any]) -> None:
    layers["animal"]["config"]["activation"] = "softmx"


@pytest.mark.parametrize(
    ("describe", "message"),
    [
        (custom_activation, "'animal': its activation is a function of its author's, which is not"),
        (pickled_lambda, "'animal': a 'Lambda' is code, and the code of a file is not run"),
        (foreign_class, "'animal': a 'exec' is not known here: export the network as ONNX"),
        (huge_layer, "'animal': it needs 6,000,000 numbers, the file holds"),
        (unknown_option, "'animal': its option 'temperature' is not known here"),
        (text_for_a_number, "'animal': '3' is not a number that a layer can have"),
        (to_itself, "'animal' takes the output of a layer that is not there, or of itself"),
        (channels_first, "its channels come first"),
        (other_activation, "activation 'softmx' is not known here: did you mean 'softmax'"),
    ],
)
def test_load_keras_executes_nothing_of_a_description(
    describe: Callable[[dict[str, Any]], None], message: str, change: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=message):
        load_keras(change(describe), None)


def test_read_keras_names_the_file(change: Callable[..., Path], tmp_path: Path) -> None:
    path = change(huge_layer)
    with pytest.raises(CtcError, match=r"^network '.*n.keras' can't be imported: its"):
        read_keras(Path("https://x/n.keras"), path, None)
