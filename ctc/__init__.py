"""The camera-trap classifier: labelled photos in, one model file and predictions out.

import ctc

model = ctc.load_model("model.onnx")
events, failures = model.predict(["a.jpg", "b.jpg"])
for event in events:
    print(event.id, *event.top("species"))        # a.jpg fox 0.97
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ctc._version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from ctc.inference.classifier import Classifier
    from ctc.inference.pipeline.inputs import TruncatedPolicy
    from ctc.runtime.providers import Precision, ProviderName

__all__ = ["__version__", "load_model"]

# photos and models are nobody else's business: without this, onnxruntime reports on its use to its
# makers
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def load_model(
    path: str | Path,
    *,
    provider: ProviderName = "auto",
    precision: Precision = "float32",
    threads: int | None = None,
    batch_size: int | None = None,
    truncated: TruncatedPolicy = "fail",
    threshold: float | None = None,
) -> Classifier:
    """Open a model file that `ctc export` wrote, here or at a URL. Needs onnxruntime, but neither
    TensorFlow nor pandas.

    `provider`: what runs the network; `auto` takes the first that is installed and starts.
    `threads`: CPU cores to use, by default all. `batch_size`: photos that the network takes at a
    time. `truncated`: whether cut JPEGs fail or are used, grey where they end. `threshold`: below
    it the answer is "unknown"; by default the model's own thresholds hold. Raises
    `ctc.errors.CtcError`, saying what is missing, when the file is no model, or the provider
    doesn't start."""
    from ctc.hardware import usable_cores
    from ctc.inference.classifier import load_classifier
    from ctc.runtime.providers import RuntimeConfig
    from ctc.storage.paths import parse_path

    engine = RuntimeConfig(provider, precision, threads or usable_cores())
    return load_classifier(parse_path(path), engine, batch_size, truncated, threshold)
