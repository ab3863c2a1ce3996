"""One way to get from photos to predictions, in a process of its own: python
benchmarks/prediction/ways.py WAY MODEL PHOTO…

Prints the seconds per photo, after the first photos to warm up. MODEL has NAME.onnx and NAME.keras.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIDE, WARM_UP, SEEDS_BATCH = 224, 8, 128

Way = Callable[[Sequence[str]], object]


def decode_alone(_: Path) -> Way:
    """Read, scaled decode, orient, resize; one thread."""
    import cv2

    from ctc.artifacts.model.preprocessing import Preprocessing
    from ctc.images import decode, read_photo, to_model_input

    cv2.setNumThreads(1)
    size = Preprocessing(SIDE, SIDE)
    return lambda photos: [
        to_model_input(decode(read_photo(photo), (SIDE, SIDE)), size) for photo in photos
    ]


def network_alone(model: Path, provider: str = "cpu", precision: str = "float32") -> Way:
    """The network on one photo at a time; one thread."""
    from ctc.runtime.config import RuntimeConfig
    from ctc.runtime.session import load_model

    opened = load_model(model, RuntimeConfig(provider, precision))  # type: ignore[arg-type]
    images = np.random.default_rng(0).integers(0, 255, (1, SIDE, SIDE, 3), np.uint8)
    return lambda photos: [opened.predict(images) for _ in photos]


def loop(model: Path) -> Way:
    """What anyone would write: Pillow, then onnxruntime as it comes, photo by photo."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model)

    def run(photos: Sequence[str]) -> None:
        for photo in photos:
            image = Image.open(photo).convert("RGB").resize((SIDE, SIDE))
            session.run(None, {"images": np.asarray(image)[None]})

    return run


def seed(model: Path) -> Way:
    """camera-trap-classifier 2.x: TensorFlow decodes and resizes in full, Keras predicts on batches
    of 128."""
    import keras
    import tensorflow as tf

    network = keras.models.load_model(model.with_suffix(".keras"))

    def load(path: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.cast(tf.image.resize(pixels, (SIDE, SIDE)), tf.uint8)

    def run(photos: Sequence[str]) -> None:
        dataset = tf.data.Dataset.from_tensor_slices(list(photos)).map(
            load, num_parallel_calls=tf.data.AUTOTUNE
        )
        for batch in dataset.batch(SEEDS_BATCH).prefetch(1):
            network.predict_on_batch(batch)

    return run


WAYS: dict[str, Callable[[Path], Way]] = {
    "decode": decode_alone,
    "network": network_alone,
    "openvino": lambda model: network_alone(model, "openvino"),
    "openvino bfloat16": lambda model: network_alone(model, "openvino", "bfloat16"),
    "loop": loop,
    "seed": seed,
}


def main() -> None:
    """Print the seconds per photo."""
    way, model, *photos = sys.argv[1:]
    work = WAYS[way](Path(model))
    work(photos[:WARM_UP])
    start = time.perf_counter()
    work(photos)
    print((time.perf_counter() - start) / len(photos))


if __name__ == "__main__":
    main()
