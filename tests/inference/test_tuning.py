from __future__ import annotations

import pytest

from ctc.runtime.batch_size import CPU_BATCH_SIZES, MIN_PHOTOS_TO_MEASURE, choose_batch_size
from ctc.runtime.session import load_model


@pytest.fixture
def opened(model):
    return load_model(model)


def test_a_short_run_measures_nothing(opened) -> None:
    assert choose_batch_size(opened, MIN_PHOTOS_TO_MEASURE - 1, workers=1) == CPU_BATCH_SIZES[0]


@pytest.mark.parametrize("photos", [MIN_PHOTOS_TO_MEASURE, None])
def test_a_long_run_takes_one_of_the_usual_sizes(opened, photos: int | None) -> None:
    assert choose_batch_size(opened, photos, workers=2) in CPU_BATCH_SIZES
