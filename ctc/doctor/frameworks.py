"""Start TensorFlow and DALI; each takes seconds, and may crash its process."""

from __future__ import annotations

import os
from typing import Any

FrameworkInfo = dict[str, Any]


def start_tensorflow() -> FrameworkInfo:
    """Import TensorFlow and Keras and compute a sum; raises ValueError for a wrong result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow

    total = float(tensorflow.reduce_sum(tensorflow.ones((64, 64)) + 1))
    if total != 2 * 64 * 64:
        raise ValueError(f"it computed {total} instead of {2 * 64 * 64}")
    gpus = tensorflow.config.list_physical_devices("GPU")
    return {
        "version": tensorflow.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "gpus": len(gpus),
    }


def start_dali(device: str) -> FrameworkInfo:
    """Decode a photo on `device`, cpu or mixed; raises ValueError for a wrong result."""
    import numpy as np
    from nvidia import dali
    from nvidia.dali import fn, pipeline_def

    from ctc.doctor.image_codecs import camera_photos

    operation: Any = fn
    (photo,) = camera_photos(1, 60, 80)

    @pipeline_def(batch_size=1, num_threads=1, device_id=None if device == "cpu" else 0)  # type: ignore[untyped-decorator]
    def decoding() -> Any:
        source = operation.external_source(source=lambda: [np.frombuffer(photo, np.uint8)])
        return operation.decoders.image(source, device=device)

    pipeline = decoding()
    pipeline.build()
    (images,) = pipeline.run()
    shape = tuple((images if device == "cpu" else images.as_cpu()).at(0).shape)
    if shape != (60, 80, 3):
        raise ValueError(f"it decoded a photo of 60×80 px to {shape}")
    return {"version": dali.__version__, "device": device}
