"""Features of a real network on real photos: which are near duplicates at the default limit."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from ctc.features.embed.task import EmbedTask
from ctc.features.near_duplicates import DEFAULT_SIMILARITY
from ctc.features.store import to_unit
from ctc.inference.events.given_photos import Photo, given_events
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import read_model

pytestmark = pytest.mark.slow
COUNT = 24


@pytest.fixture(scope="module")
def cats(shared: Path) -> list[Image.Image]:
    folder = shared / "data" / "cats-and-dogs" / "test" / "test_images" / "Cats"
    return [Image.open(path).convert("RGB") for path in sorted(folder.iterdir())[:COUNT]]


@pytest.fixture(scope="module")
def embed(lite0_features: Path):
    """A function from photos to features of length 1, (photos, 1280)."""
    runtime = RuntimeConfig("cpu", batch_size=1, threads=2)
    model = EmbedTask(None).open(read_model(lite0_features), runtime)

    def run(photos: list[Photo]) -> np.ndarray:
        results = run_pipeline(model, given_events(photos), PipelineConfig(runtime))
        return to_unit(np.stack([one.prediction.images[0].features for one in results]))

    return run


def saved(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def test_changed_photos_are_near_duplicates_and_others_are_not(cats, embed) -> None:
    before = embed([saved(cat, 90) for cat in cats])
    darker = embed([saved(ImageEnhance.Brightness(cat).enhance(0.85), 85) for cat in cats])
    again = embed([saved(cat, 60) for cat in cats])
    pairs = before @ before.T
    np.fill_diagonal(pairs, 0)
    assert ((before * darker).sum(axis=1) >= DEFAULT_SIMILARITY).all()
    assert ((before * again).sum(axis=1) >= DEFAULT_SIMILARITY).mean() >= 0.9
    assert pairs.max() < 0.85
