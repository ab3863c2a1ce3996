"""Which photos a cascade skips, and the models that can have one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.errors import UsageError
from ctc.inference.cascade import Cascade

LABELS = {"count": ("1", "2"), "species": ("deer", "empty", "nothing")}
SETUP = PredictionSetup(detector="d --cascade")
ENTRY = {
    "label": "species",
    "made_for": SETUP.to_json(),
    "limit": 0.5,
    "loss": 0.02,
    "confidence": 0.95,
    "skip_above": 0.75,
}


def info(labels: Any = LABELS, crop_margin: float | None = None, **more: Any) -> ModelInfo:
    return ModelInfo(labels, Preprocessing(8, 8, crop_margin=crop_margin), **more)


@pytest.mark.parametrize(("values", "skipped"), [((0.25, 0.5, 0.25), False), ((0, 0.5, 0.5), True)])
def test_a_photo_is_skipped_where_its_blank_classes_exceed_the_limit_together(
    values: tuple[float, ...], skipped: bool
) -> None:
    whole = {"species": np.array(values, np.float32)}
    assert Cascade("species", 0.75).skips(whole, LABELS) is skipped


def test_of_loss_takes_the_first_label_with_a_blank_class() -> None:
    assert Cascade.of_loss(info(), 0.25) == ("species", 0.75)


@pytest.mark.parametrize(
    "model",
    [info(crop_margin=0.1), info({"species": ("deer", "fox")}), info(multi_label=("species",))],
)
def test_of_loss_refuses_models_that_cannot_tell_blank_photos(model: ModelInfo) -> None:
    with pytest.raises(UsageError, match="--cascade needs a model that learnt from whole photos"):
        Cascade.of_loss(model, 0.02)


def test_promised_finds_the_cascade_that_was_fitted() -> None:
    found = Cascade.promised(info(promises={"blanks": [ENTRY]}), SETUP)
    assert found == ("species", 0.75)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"made_for": PredictionSetup(detector="d").to_json()}, "--cascade needs a model that"),
        (
            {"limit": None, "refused": "at least 149 are needed", "animals": 20},
            "--cascade: `ctc calibrate` could not promise a loss of at most 2.0%",
        ),
    ],
)
def test_promised_refuses_what_was_not_fitted(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        Cascade.promised(info(promises={"blanks": [{**ENTRY, **changes}]}), SETUP)
    assert words in str(raised.value)
