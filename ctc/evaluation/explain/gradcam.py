"""Grad-CAM: saliency from the gradients of the trained network.

Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ctc.artifacts.run import Run
from ctc.evaluation.explain.saliency import SaliencyFn
from ctc.images.decode import Pixels
from ctc.plugin.manager import Plugins
from ctc.training.model.network import get_backbone, load_network

Tensor = Any


def gradcam(run: Run, plugins: Plugins) -> SaliencyFn | None:
    """Return the saliency function of the run's network; its values are 0 or more.

    Returns None if the network has no feature maps, or Keras has another backend than TensorFlow.
    Raises CtcError if the run can't be loaded.
    """
    network = load_network(run, plugins)
    parts = _split_at_feature_maps(get_backbone(network))
    if parts is None or keras.backend.backend() != "tensorflow":
        return None
    to_maps, from_maps = parts
    standardise = network.get_layer("standardise")
    heads = {
        label: network.get_layer(f"head_{index}") for index, label in enumerate(run.read().labels)
    }

    def saliency(image: Pixels, label: str, class_index: int) -> NDArray[np.float32]:
        def score(maps: Tensor) -> Tensor:
            return heads[label](from_maps(maps, training=False))[0, class_index]

        maps = to_maps(standardise(image[None]), training=False)
        weights = ops.mean(_gradient(score, maps), axis=(1, 2), keepdims=True)
        heatmap = ops.convert_to_numpy(ops.relu(ops.sum(weights * maps, axis=-1)))[0]
        return np.asarray(cv2.resize(heatmap, image.shape[1::-1], interpolation=cv2.INTER_LINEAR))

    return saliency


def _split_at_feature_maps(backbone: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """Split the backbone at its last feature maps (N, rows, columns, channels).

    No path may bypass those maps. Returns None if there are no such maps.
    """
    layers = [layer for layer in backbone.layers if not isinstance(layer, keras.layers.InputLayer)]
    for maps in (layer.output for layer in reversed(layers) if _is_feature_map(layer.output)):
        try:
            return keras.Model(backbone.input, maps), keras.Model(maps, backbone.output)
        except ValueError:  # a path bypasses these maps
            continue
    return None


def _is_feature_map(output: Tensor) -> bool:
    return (
        isinstance(output, keras.KerasTensor)
        and len(output.shape) == 4
        and output.shape[1] * output.shape[2] > 1
    )


def _gradient(score: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(at)
        value = score(at)
    return tape.gradient(value, at)
