from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs Keras: pip install camera-trap-classifier[train]")

import h5py
import keras

from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import Backbone, Pretrained
from ctc.training.model.pretrained import load_pretrained

pytestmark = pytest.mark.tensorflow


SHAPE = (16, 20, 3)
MEAN, STD = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)


def network(filters: tuple[int, ...] = (4, 8)) -> keras.Model:
    images = features = keras.Input(SHAPE)
    for place, channels in enumerate(filters):
        features = keras.layers.Conv2D(channels, 3, name=f"conv_{place}")(features)
        features = keras.layers.Dropout(0.1)(keras.layers.BatchNormalization()(features))
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(features), name="tiny")


def pretrained_network() -> keras.Model:
    made = network()
    made.set_weights([np.full_like(values, 7) for values in made.get_weights()])
    return made


TINY = Backbone("tiny", "", SHAPE[:2], lambda shape: network())
PRETRAINED = Backbone(
    "tiny",
    "",
    SHAPE[:2],
    lambda shape: network(),
    (Pretrained("world", MEAN, STD, lambda shape: pretrained_network()),),
)


def test_load_pretrained_by_name_gives_weights_and_standardisation() -> None:
    loaded = load_pretrained(PRETRAINED, "world")
    assert (loaded.mean, loaded.std) == (MEAN, STD)
    assert all((values == 7).all() for values in loaded.backbone.build(SHAPE).get_weights())


def test_load_pretrained_suggests_nearest_name() -> None:
    with pytest.raises(
        UsageError, match="neither a file nor the name of weights for 'tiny': did you mean 'world'"
    ):
        load_pretrained(PRETRAINED, "wrld")
    with pytest.raises(
        UsageError, match=r"'world' is neither a file nor .* 'tiny': there are none"
    ):
        load_pretrained(TINY, "world")


def test_load_pretrained_reads_weights_file(tmp_path) -> None:
    pretrained_network().save_weights(tmp_path / "a.weights.h5")
    loaded = load_pretrained(TINY, str(tmp_path / "a.weights.h5"))
    assert (loaded.mean, loaded.std) == (None, None)
    assert all((values == 7).all() for values in loaded.backbone.build(SHAPE).get_weights())


def test_load_pretrained_file_uses_standardisation_of_first_named_weights(tmp_path) -> None:
    network().save_weights(tmp_path / "a.weights.h5")
    loaded = load_pretrained(PRETRAINED, str(tmp_path / "a.weights.h5"))
    assert (loaded.mean, loaded.std) == (MEAN, STD)


@pytest.mark.parametrize(
    ("filters", "mismatch"),
    [
        (
            (4, 9),
            (
                "the layer 'conv_1' has the shape (3, 3, 4, 8), "
                "in the file it is 'conv_1' with (3, 3, 4, 9)"
            ),
        ),
        ((4,), "it has no array of shape (3, 3, 4, 8) for the layer 'conv_1'"),
        ((4, 8, 2), "the network has no layer for its 'batch_normalization"),
    ],
)
def test_load_weights_file_names_layer_and_shape_of_mismatch(filters, mismatch, tmp_path) -> None:
    path = tmp_path / "a.weights.h5"
    network(filters).save_weights(path)
    message = f"'{path}' doesn't fit 'tiny': "
    with pytest.raises(InputError, match=f"^{re.escape(message + mismatch)}"):
        load_pretrained(TINY, str(path)).backbone.build(SHAPE)


def test_load_pretrained_reads_network_nested_in_another(tmp_path) -> None:
    images = keras.Input(SHAPE)
    features = keras.layers.Dense(3)(pretrained_network()(images))
    keras.Model(images, features).save_weights(tmp_path / "whole.weights.h5")
    loaded = load_pretrained(TINY, str(tmp_path / "whole.weights.h5"))
    assert all((values == 7).all() for values in loaded.backbone.build(SHAPE).get_weights())


@pytest.mark.parametrize("name", ["tiny_notop.h5", "tiny.weights.h5"])
def test_load_pretrained_says_that_file_has_layout_of_keras_2(name, tmp_path) -> None:
    with h5py.File(tmp_path / name, "w") as file:
        file.attrs["layer_names"] = ["conv_0"]
        file["conv_0/conv_0/kernel:0"] = np.zeros((3, 3, 3, 4))
    with pytest.raises(InputError, match=r"holds weights in the layout of Keras 2: .*save_weights"):
        load_pretrained(TINY, str(tmp_path / name))


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_load_pretrained_rejects_saved_model_under_any_name(name, tmp_path) -> None:
    network().save(tmp_path / name)
    with pytest.raises(
        InputError,
        match="is not a file of weights only, and a saved model could run code: save its weights",
    ):
        load_pretrained(TINY, str(tmp_path / name))
    disguised = (tmp_path / name).rename(tmp_path / "model.weights.h5")
    with pytest.raises(
        CtcError, match=r"is not a file of weights only|is not a file of weights that Keras wrote"
    ):
        load_pretrained(TINY, str(disguised))


def test_load_pretrained_rejects_damaged_file(tmp_path) -> None:
    path = tmp_path / "a.weights.h5"
    path.write_text("not a file of weights")
    with pytest.raises(
        InputError, match="is not a file of weights that Keras wrote, or it is damaged"
    ):
        load_pretrained(TINY, str(path))


def replace_array(path, name: str, **options) -> None:
    """Replace an array of a weights file by one whose values stand in another file."""
    with h5py.File(path, "r+") as file:
        shape, parent = file[name].shape, file[name].parent
        last = name.rpartition("/")[2]
        del parent[last]
        if "layout" in options:
            layout = h5py.VirtualLayout(shape, "f4")
            layout[...] = h5py.VirtualSource(options["layout"], "secret", shape)
            parent.create_virtual_dataset(last, layout)
        else:
            count = int(np.prod(shape)) * 4
            parent.create_dataset(last, shape, "f4", external=[(options["external"], 0, count)])


@pytest.mark.parametrize("kind", ["external", "layout"])
def test_load_pretrained_refuses_arrays_in_other_files(tmp_path, kind: str) -> None:
    path, secret = tmp_path / "tiny.weights.h5", tmp_path / "secret"
    network().save_weights(path)
    if kind == "external":
        secret.write_bytes(bytes(range(256)) * 16)
    names: list[str] = []
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
        )
    replace_array(path, names[0], **{kind: str(secret)})
    with pytest.raises(InputError, match=r"its array '.*' points to another file"):
        load_pretrained(TINY, str(path)).backbone.build(SHAPE)
