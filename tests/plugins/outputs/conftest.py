"""Two events: one of two photos, one whose names try to break a file format."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction

ODD = ('say "cat", or\nnot', "🦊, fox")


def probabilities(*values: float) -> dict[str, np.ndarray]:
    return {"species": np.array(values[:2], np.float32), "standing": np.array(values[2:], np.float32)}


@pytest.fixture
def predictions() -> list[EventPrediction]:
    plain = {"species": ("cat", "dog"), "standing": ("0", "1")}
    odd = {"species": ODD, "standing": ("0", "1")}
    first = (
        ImagePrediction("a.jpg", probabilities(0.6, 0.4, 0.5, 0.5)),
        ImagePrediction("b.jpg", probabilities(0.47, 0.53, 0.42, 0.58)),
    )
    second = (ImagePrediction("ü\udce9.jpg", probabilities(0.00004, 0.99996, 1, 0)),)
    return [
        EventPrediction("1", plain, probabilities(0.535, 0.465, 0.4601, 0.5399), first, {"site": "N", "id": None}),
        EventPrediction('2,"x"\n', odd, second[0].probabilities, second, {"site": "a;b", "id": 7}),
    ]
