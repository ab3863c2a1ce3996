from __future__ import annotations

import numpy as np
import pytest

from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins

PHOTOS = np.array([[0.5, 0.5], [0.2, 0.8], [0.8, 0.2]], np.float32)


@pytest.mark.parametrize(("name", "event"), [("mean", [0.5, 0.5]), ("max", [0.8, 0.8]), ("min", [0.2, 0.2])])
def test_photos_become_an_event(name: str, event: list[float]) -> None:
    combined = plugins().get(Aggregation, name).combine(PHOTOS)
    assert combined.tolist() == pytest.approx(event)
    assert combined.dtype == np.float32


@pytest.mark.parametrize("name", ["mean", "max", "min"])
def test_one_photo_is_its_event(name: str) -> None:
    assert plugins().get(Aggregation, name).combine(PHOTOS[1:2]).tolist() == pytest.approx([0.2, 0.8])
