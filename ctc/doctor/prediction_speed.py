"""What runs networks here, and how many photos per second are predicted."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

from ctc.doctor.image_codecs import camera_photos
from ctc.doctor.speed import in_words, rate
from ctc.doctor.synthetic_models import STANDARD, standard_network, tiny_network
from ctc.errors import InputError, MissingExtraError
from ctc.hardware import usable_cores
from ctc.inference.classifier import Classifier
from ctc.inference.pipeline.pipeline import Outcome, PipelineConfig
from ctc.inference.postprocess import reading_of
from ctc.runtime.batch_size import batch_size_for
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.providers import PROVIDERS, Engine
from ctc.runtime.session import open_model

DISTINCT = 8
PHOTO = (1728, 2304)
"""Height and width as cameras take them."""


def providers() -> list[str]:
    """Those that this onnxruntime brings, by our names."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("prediction", "cpu") from None
    brought = onnxruntime.get_available_providers()
    return [name for name, provider in PROVIDERS.items() if provider.name in brought]


def start_provider(name: Any) -> float:
    """Runs a tiny network; returns in how many seconds. Raises CtcError when it doesn't start."""
    start = time.perf_counter()
    open_model(ModelFile(Path("tiny network"), tiny_network()), Engine(name))
    return time.perf_counter() - start


def predicting(model: str, seconds: str) -> dict[str, Any]:
    """The whole way from files, in the memory of the system, to answers; by the file `model` or, where that is '', a standard network."""
    file = read_model(Path(model)) if model else ModelFile(Path(STANDARD), standard_network())
    opened = open_model(file, Engine(workers=usable_cores()))
    config = PipelineConfig(batch_size_for(opened, None, opened.engine.workers), opened.engine.workers)
    classifier = Classifier(opened, reading_of(opened.info, None), config)
    jpegs = list(camera_photos(DISTINCT, *PHOTO))
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.jpg") for number in range(DISTINCT)]
        for path, jpeg in zip(paths, jpegs, strict=True):
            path.write_bytes(jpeg)
        outcomes: Any = classifier.stream(cycle(paths))
        with closing(outcomes):
            measured = rate(map(_photos, outcomes), float(seconds))
    return {
        "photos_per_second": measured,
        "provider": opened.engine.provider,
        "batch_size": config.batch_size,
        "threads": config.threads,
        "network": file.path.name,
        "photo": in_words(PHOTO, sum(map(len, jpegs)) / DISTINCT),
    }


def _photos(outcome: Outcome) -> int:
    if outcome.failures:
        raise InputError(outcome.failures[0].reason)
    return outcome.photos
