from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.runtime.batch_size import (
    CPU_BATCH_SIZES,
    DEVICE_BATCH_SIZES,
    MIN_PHOTOS_TO_MEASURE,
    choose_batch_size,
    padded_size,
)
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.session import load_model


@pytest.fixture
def opened(model):
    return load_model(model, RuntimeConfig(threads=2))


class TimedModel:
    """A network of which a batch takes `start` seconds and `each` for every image, on its clock."""

    def __init__(self, start: float, each: float, is_on_device: bool) -> None:
        self.start, self.each, self.is_on_device = start, each, is_on_device
        self.info = SimpleNamespace(preprocessing=Preprocessing(8, 8))
        self.runtime = RuntimeConfig(threads=1)
        self.sizes: list[int] = []
        self.now = 0.0

    def predict(self, images: Any) -> None:
        self.sizes.append(len(images))
        self.now += self.start + self.each * len(images)


@pytest.fixture
def timed_model(monkeypatch: pytest.MonkeyPatch) -> Any:
    model = TimedModel(0.01, 0.00001, is_on_device=True)
    monkeypatch.setattr("ctc.runtime.batch_size.time.perf_counter", lambda: model.now)
    return model


def chosen_size(model: Any, photos: int | None) -> int:
    return choose_batch_size(model, photos, model.predict, model.info.preprocessing)


def test_choose_batch_size_of_short_run_is_the_first(opened) -> None:
    assert chosen_size(opened, MIN_PHOTOS_TO_MEASURE - 1) == CPU_BATCH_SIZES[0]


@pytest.mark.parametrize("photos", [MIN_PHOTOS_TO_MEASURE, None])
def test_choose_batch_size_of_long_run_is_a_usual_size(opened, photos: int | None) -> None:
    assert chosen_size(opened, photos) in CPU_BATCH_SIZES


def test_choose_batch_size_takes_a_larger_size_that_is_faster(timed_model) -> None:
    assert chosen_size(timed_model, None) == DEVICE_BATCH_SIZES[-1]


def test_choose_batch_size_keeps_the_first_size_where_others_gain_little(timed_model) -> None:
    timed_model.start, timed_model.each = 0.0001, 0.001
    assert chosen_size(timed_model, None) == DEVICE_BATCH_SIZES[0]


@pytest.mark.parametrize(("photos", "largest"), [(4_000, 16), (10_000, 64), (40_000, 256)])
def test_choose_batch_size_measures_no_more_than_a_share_of_the_run(
    timed_model, photos: int, largest: int
) -> None:
    assert chosen_size(timed_model, photos) == max(timed_model.sizes) == largest
    assert sum(timed_model.sizes) <= 0.05 * photos


@pytest.mark.parametrize(
    ("inputs", "slots"), [(1, 1), (2, 8), (8, 8), (9, 32), (33, 128), (129, 256), (256, 256)]
)
def test_padded_size_on_a_device_is_one_of_few(inputs: int, slots: int) -> None:
    model: Any = TimedModel(0, 0, is_on_device=True)
    assert padded_size(model, inputs, 256) == slots


def test_padded_size_does_not_exceed_the_batch_size() -> None:
    model: Any = TimedModel(0, 0, is_on_device=True)
    assert padded_size(model, 3, 4) == 4


def test_padded_size_on_a_cpu_is_the_number_of_inputs() -> None:
    model: Any = TimedModel(0, 0, is_on_device=False)
    assert padded_size(model, 3, 16) == 3
