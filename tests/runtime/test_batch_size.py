from __future__ import annotations

import pytest

from ctc.runtime.batch_size import CPU_BATCH_SIZES, MIN_PHOTOS_TO_MEASURE, choose_batch_size
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.session import load_model


@pytest.fixture
def opened(model):
    return load_model(model, RuntimeConfig(threads=2))


def test_choose_batch_size_of_short_run_is_the_first(opened) -> None:
    assert choose_batch_size(opened, MIN_PHOTOS_TO_MEASURE - 1) == CPU_BATCH_SIZES[0]


@pytest.mark.parametrize("photos", [MIN_PHOTOS_TO_MEASURE, None])
def test_choose_batch_size_of_long_run_is_a_usual_size(opened, photos: int | None) -> None:
    assert choose_batch_size(opened, photos) in CPU_BATCH_SIZES
