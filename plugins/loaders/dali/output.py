"""From DALI's memory to the framework's, without a copy through the host."""

from __future__ import annotations

import importlib.util
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common.apply_colors import apply_color_steps, erase
from ..common.augment import fold_in_mean
from .feed import DaliBatch


def as_array(images: Any, batch: DaliBatch) -> NDArray[np.uint8]:
    """Return the images of a DALI TensorList on the CPU, (N, height, width, 3).

    They are recoloured and erased in place, as `batch` says. The array holds DALI's memory, which
    DALI doesn't write again.
    """
    array = np.asarray(images.as_tensor())
    if batch.colors is not None:
        for image, color in zip(array, batch.colors.tolist(), strict=True):
            cv2.transform(image, fold_in_mean(color, cv2.mean(image)[:3]), dst=image)
    for image, steps in zip(array, batch.steps or (), strict=False):
        apply_color_steps(image, steps, image)
    for image, erasure in zip(array, batch.erasures or (), strict=False):
        erase(image, erasure)
    return array


def keras_backend() -> str:
    """Return the backend that Keras runs on; `numpy` without Keras."""
    if importlib.util.find_spec("keras") is None:
        return "numpy"
    import keras

    return str(keras.config.backend())


def as_tensor(images: Any, backend: str) -> Any:
    """Return a DALI TensorList as a tensor of Keras' `backend`, by DLPack.

    It stays on the same device, in the same memory, which DALI keeps until the tensor is released.
    A backend without DLPack gets a NumPy array.
    """
    tensor = images.as_tensor()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.experimental.dlpack.from_dlpack(tensor.__dlpack__())
    if backend == "jax":
        import jax

        return jax.dlpack.from_dlpack(tensor)
    if backend == "torch":
        import torch

        return torch.from_dlpack(tensor)
    return np.asarray(tensor.as_cpu())
