from __future__ import annotations

import sys
from dataclasses import replace

import keras
import pytest

from ctc.errors import CtcError
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoints
from ctc.training.trainer.steps.step_errors import raised_out_of_memory

pytestmark = pytest.mark.tensorflow


def test_raised_out_of_memory_recognizes_jax_error():
    def work():
        raise RuntimeError(
            "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 68719476736 bytes"
        )

    assert raised_out_of_memory(work)


@pytest.mark.parametrize(
    "message",
    [
        "Error in GPU operator `Resize`: CUDA allocation failed",
        "Can't allocate 16777216 bytes on device 0.",
    ],
)
def test_raised_out_of_memory_recognizes_errors_of_dali(message):
    def work():
        raise RuntimeError(message)

    assert raised_out_of_memory(work)


def test_raised_out_of_memory_passes_other_errors():
    def work():
        raise RuntimeError("INVALID_ARGUMENT: shapes must be equal")

    with pytest.raises(RuntimeError, match="INVALID_ARGUMENT"):
        raised_out_of_memory(work)


def test_raised_out_of_memory_is_false_after_success():
    assert not raised_out_of_memory(lambda: None)


FITS = 6  # photos


class Greedy(keras.layers.Layer):
    """Simulates a device on which at most FITS photos fit."""

    def call(self, images):
        from tensorflow import errors

        if (images.shape[0] or 0) > FITS:
            raise errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return images


def _greedy(shape: tuple[int, int, int]) -> keras.Model:
    images = keras.Input(shape)
    features = keras.layers.Conv2D(8, 3, strides=2)(Greedy()(images))
    return keras.Model(images, keras.layers.GlobalMaxPooling2D()(features))


@pytest.fixture
def plugins_with_greed(plugins_with_arrays) -> Plugins:
    kind = next(kind for kind in KINDS if kind.record_type is Backbone)
    found = LoadedRecord(
        kind, Backbone("greedy", "", (16, 16), _greedy), Owner("greedy", "tests", "1")
    )
    return Plugins([*plugins_with_arrays.loaded, found])


def test_trainer_retries_with_accumulation_when_out_of_memory(config, plugins_with_greed, reporter):
    greedy = replace(config, backbone="greedy", epochs=1)
    result = train(greedy, plugins_with_greed, reporter)
    assert reporter.warnings == [
        "out of memory: retrying with 2 gradient-accumulation steps (same effective batch of 12)"
    ]
    latest = Checkpoints(result.run.checkpoints).latest()
    assert latest is not None
    assert latest.accumulation_steps == 2
    resume(replace(greedy, epochs=2), plugins_with_greed, reporter)
    assert len(reporter.warnings) == 1


def test_trainer_fails_if_one_photo_does_not_fit(config, plugins_with_greed, reporter, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "FITS", 0)
    with pytest.raises(
        CtcError, match="out of memory even with one photo at a time: choose smaller --height"
    ):
        train(replace(config, backbone="greedy", batch_size=2), plugins_with_greed, reporter)
