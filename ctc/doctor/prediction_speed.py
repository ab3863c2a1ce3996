"""Installed execution providers, and the throughput of prediction."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

from ctc.doctor.image_codecs import camera_photos
from ctc.doctor.speed import describe_photo, measure_rate
from ctc.doctor.synthetic_models import STANDARD_NETWORK_NAME, standard_network, tiny_network
from ctc.errors import InputError, MissingExtraError
from ctc.hardware import usable_cores
from ctc.inference.classification import EventResult
from ctc.inference.classifier import Classifier
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import make_postprocessor
from ctc.runtime.batch_size import resolve_runtime
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.providers import PROVIDERS
from ctc.runtime.session import open_model

PHOTO_COUNT = 8
PHOTO_SIZE = (1728, 2304)
"""Height and width of typical camera-trap photos."""


def installed_providers() -> list[str]:
    """Return the names of the providers of the installed onnxruntime; raises MissingExtraError."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("prediction", "cpu") from None
    available = onnxruntime.get_available_providers()
    return [name for name, provider in PROVIDERS.items() if provider.name in available]


def start_provider(name: Any) -> float:
    """Run a tiny network and return the seconds it took; raises CtcError when it doesn't start."""
    start = time.perf_counter()
    open_model(ModelFile(Path("tiny network"), tiny_network()), RuntimeConfig(name))
    return time.perf_counter() - start


def measure_prediction_speed(model: str, seconds: str) -> dict[str, Any]:
    """Measure photos per second from files in the page cache to predictions.

    `model`: a model file, or '' for a standard network.
    """
    file = (
        read_model(Path(model))
        if model
        else ModelFile(Path(STANDARD_NETWORK_NAME), standard_network())
    )
    opened = open_model(file, RuntimeConfig(threads=usable_cores()))
    config = PipelineConfig(resolve_runtime(opened, None))
    classifier = Classifier(opened, make_postprocessor(opened.info, None), config)
    jpegs = list(camera_photos(PHOTO_COUNT, *PHOTO_SIZE))
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.jpg") for number in range(PHOTO_COUNT)]
        for path, jpeg in zip(paths, jpegs, strict=True):
            path.write_bytes(jpeg)
        results: Any = classifier.stream(cycle(paths))
        with closing(results):
            rate = measure_rate(map(_count_photos, results), float(seconds))
    return {
        "photos_per_second": rate,
        "provider": opened.runtime.provider,
        "batch_size": config.batch_size,
        "threads": config.runtime.threads,
        "network": file.path.name,
        "photo": describe_photo(PHOTO_SIZE, sum(map(len, jpegs)) / PHOTO_COUNT),
    }


def _count_photos(result: EventResult) -> int:
    if result.failures:
        raise InputError(result.failures[0].reason)
    return result.photos
