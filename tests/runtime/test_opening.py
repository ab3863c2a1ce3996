from __future__ import annotations

from threading import Event

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.opening import ModelOpening
from ctc.runtime.session import Model, open_model

CPU = RuntimeConfig("cpu")


def test_model_opening_gives_the_model(model) -> None:
    opened = ModelOpening(open_model, read_model(model), CPU).result()
    photos = np.zeros((2, 8, 12, 3), np.uint8)
    expected = open_model(read_model(model), CPU).predict(photos)
    assert opened.predict(photos)["species"].tolist() == expected["species"].tolist()


def test_model_opening_does_not_wait_before_the_model_is_asked_for(model) -> None:
    allowed = Event()

    def open_later(file: ModelFile, runtime: RuntimeConfig) -> Model:
        assert allowed.wait(60)
        return open_model(file, runtime)

    begun = ModelOpening(open_later, read_model(model), CPU)
    allowed.set()
    assert begun.result().runtime == CPU


def test_model_opening_raises_where_the_model_is_asked_for(tmp_path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no network")
    begun = ModelOpening(open_model, ModelFile(path, b"no network"), CPU)
    with pytest.raises(InputError, match="can't be opened as an ONNX file"):
        begun.result()
