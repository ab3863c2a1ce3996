from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs Keras: pip install camera-trap-classifier[train]")

import keras

from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import Backbone, Pretrained
from ctc.training.model.pretrained import load_pretrained

SHAPE = (16, 20, 3)
MEAN, STD = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)


def network(filters: tuple[int, ...] = (4, 8)) -> keras.Model:
    images = features = keras.Input(SHAPE)
    for place, channels in enumerate(filters):
        features = keras.layers.Conv2D(channels, 3, name=f"turn_{place}")(features)
        features = keras.layers.Dropout(0.1)(keras.layers.BatchNormalization()(features))
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(features), name="tiny")


def known() -> keras.Model:
    made = network()
    made.set_weights([np.full_like(values, 7) for values in made.get_weights()])
    return made


TINY = Backbone("tiny", "", SHAPE[:2], lambda shape: network())
TAUGHT = Backbone(
    "tiny",
    "",
    SHAPE[:2],
    lambda shape: network(),
    (Pretrained("world", MEAN, STD, lambda shape: known()),),
)


def test_a_name_gives_the_authors_weights_and_their_standardisation() -> None:
    start = load_pretrained(TAUGHT, "world")
    assert (start.mean, start.std) == (MEAN, STD)
    assert all((values == 7).all() for values in start.backbone.build(SHAPE).get_weights())


def test_a_name_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match="neither a file nor the name of weights for 'tiny': did you mean 'world'"
    ):
        load_pretrained(TAUGHT, "wrld")
    with pytest.raises(
        UsageError, match=r"'world' is neither a file nor .* 'tiny': there are none"
    ):
        load_pretrained(TINY, "world")


def test_a_file_gives_its_weights(tmp_path) -> None:
    known().save_weights(tmp_path / "a.weights.h5")
    start = load_pretrained(TINY, str(tmp_path / "a.weights.h5"))
    assert (start.mean, start.std) == (None, None)
    assert all((values == 7).all() for values in start.backbone.build(SHAPE).get_weights())


def test_a_file_takes_the_standardisation_of_the_authors_weights(tmp_path) -> None:
    network().save_weights(tmp_path / "a.weights.h5")
    start = load_pretrained(TAUGHT, str(tmp_path / "a.weights.h5"))
    assert (start.mean, start.std) == (MEAN, STD)


@pytest.mark.parametrize(
    ("filters", "misfit"),
    [
        ((4, 9), "the layer 'turn_1' is (3, 3, 4, 8), in the file it is 'turn_1', (3, 3, 4, 9)"),
        ((4,), "it has nothing of shape (3, 3, 4, 8) for the layer 'turn_1'"),
        ((4, 8, 2), "there is no place for its layer 'batch_normalization"),
    ],
)
def test_weights_of_another_network_are_refused_by_layer_and_shape(
    filters, misfit, tmp_path
) -> None:
    path = tmp_path / "a.weights.h5"
    network(filters).save_weights(path)
    message = f"'{path}' doesn't fit 'tiny': "
    with pytest.raises(InputError, match=f"^{re.escape(message + misfit)}"):
        load_pretrained(TINY, str(path)).backbone.build(SHAPE)


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_whole_model_is_refused_even_under_another_name(name, tmp_path) -> None:
    network().save(tmp_path / name)
    with pytest.raises(
        InputError, match="is not weights alone, and a whole model could run code: save its weights"
    ):
        load_pretrained(TINY, str(tmp_path / name))
    disguised = (tmp_path / name).rename(tmp_path / "model.weights.h5")
    with pytest.raises(
        CtcError, match=r"is not weights alone|is not a file of weights that Keras wrote"
    ):
        load_pretrained(TINY, str(disguised))


def test_a_damaged_file_is_refused(tmp_path) -> None:
    path = tmp_path / "a.weights.h5"
    path.write_text("not a file of weights")
    with pytest.raises(
        InputError, match="is not a file of weights that Keras wrote, or it is damaged"
    ):
        load_pretrained(TINY, str(path))
