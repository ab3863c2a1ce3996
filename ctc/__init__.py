"""Train and run image classifiers for camera-trap photos.

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
    from ctc.inference.config import TruncatedPolicy
    from ctc.inference.postprocess import ClassList
    from ctc.runtime.config import Precision, ProviderName

__all__ = ["__version__", "load_model"]

# without this, onnxruntime sends usage statistics to its makers
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
    classes: ClassList | None = None,
) -> Classifier:
    """Open a model file that `ctc export` wrote, local or at a URL.

    Needs onnxruntime, but neither TensorFlow nor pandas. `provider`: the execution provider; `auto`
    is the first that is installed and starts. `precision`: what the network computes in. `threads`:
    CPU cores to use, all by default. `batch_size`: photos per call of the network. `truncated`:
    whether JPEGs that are cut short fail, or are used with the missing part in grey. `threshold`:
    below this probability the prediction is "unknown"; by default the model's own thresholds apply.
    `classes`: the only classes to predict: names, or a mapping from labels to names, or the Path of
    a file as `ctc predict --classes` takes it. Raises `ctc.errors.CtcError`, saying what is wrong,
    when an argument is not valid, the file is not a model, or the provider doesn't start.
    """
    from ctc.errors import UsageError
    from ctc.hardware import usable_cores
    from ctc.inference.classifier import load_classifier
    from ctc.runtime.config import RuntimeConfig
    from ctc.storage.paths import parse_path

    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"the model is of the type '{type(path).__name__}': give its path or URL")
    cores = usable_cores() if threads is None else threads
    runtime = RuntimeConfig(provider, precision, batch_size, cores)
    return load_classifier(parse_path(path), runtime, truncated, threshold, classes)
