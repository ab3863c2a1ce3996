"""The pooling of a model file."""

from __future__ import annotations

from typing import Any

import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.pooling import POOLING, Pooling
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError

POOL = Pooling(0.25, 3, ("species",))


def info(entry: Any) -> ModelInfo:
    return ModelInfo({"species": ("deer", "fox")}, Preprocessing(8, 8), promises={POOLING: [entry]})


def test_model_info_keeps_the_pooling() -> None:
    again = ModelInfo.from_metadata(info(POOL.to_json()).to_metadata())
    assert again.pooling == POOL
    assert again.outputs == {"species": 2, "attention": 1}


def test_model_info_without_pooling() -> None:
    assert ModelInfo({"species": ("deer", "fox")}, Preprocessing(8, 8)).pooling is None


@pytest.mark.parametrize(
    "change", [{"growth": 2}, {"growth": None}, {"growth": float("nan")}, {"most_photos": 0}]
)
def test_model_info_refuses_a_damaged_pooling(change: dict[str, Any]) -> None:
    metadata = info({**POOL.to_json(), **change}).to_metadata()
    with pytest.raises(InputError, match="its metadata is damaged: its pooling is damaged"):
        ModelInfo.from_metadata(metadata)
