from __future__ import annotations

import pytest

from ctc.runtime.batch_size import LONG_RUN, ON_CPU, batch_size_for
from ctc.runtime.session import load_model


@pytest.fixture
def opened(model):
    return load_model(model)


def test_a_short_run_measures_nothing(opened) -> None:
    assert batch_size_for(opened, LONG_RUN - 1, workers=1) == ON_CPU[0]


@pytest.mark.parametrize("photos", [LONG_RUN, None])
def test_a_long_run_takes_one_of_the_usual_sizes(opened, photos: int | None) -> None:
    assert batch_size_for(opened, photos, workers=2) in ON_CPU
