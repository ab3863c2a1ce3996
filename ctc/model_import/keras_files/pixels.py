"""Which pixels a network of `keras.applications` takes, by its layers.

https://keras.io/api/applications: each network has a `preprocess_input`, which is not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctc.model_import.config import Channels, Triple

from .graph import Graph, Layer, TensorRef
from .layers import OF_TRAINING
from .operations import OPERATIONS


@dataclass(frozen=True)
class Pixels:
    """Pixels of 0–255, in the order of `channels`, are divided by `scale`, minus `mean`, by `std`.

    `network`: whose they are, for messages.
    """

    network: str
    scale: float
    mean: Triple
    std: Triple
    channels: Channels = "rgb"


_ARITHMETIC = {*OPERATIONS, "Rescaling", "Normalization", "TFOpLambda"}
_SYMMETRIC = (127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
_IMAGENET = (255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_CAFFE = (1.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0))
# layers by which a network is known, the first that fits; names of keras.applications' builders
_MARKERS: tuple[tuple[str, frozenset[str], tuple[float, Triple, Triple], Channels], ...] = (
    ("Xception", frozenset({"block14_sepconv2", "block1_conv1"}), _SYMMETRIC, "rgb"),
    ("InceptionResNetV2", frozenset({"conv_7b", "block8_10_conv"}), _SYMMETRIC, "rgb"),
    ("InceptionV3", frozenset({"mixed10", "mixed0"}), _SYMMETRIC, "rgb"),
    ("MobileNetV2", frozenset({"block_16_project_BN", "Conv_1_bn"}), _SYMMETRIC, "rgb"),
    ("MobileNet", frozenset({"conv_pw_13", "conv_dw_13"}), _SYMMETRIC, "rgb"),
    ("ResNetV2", frozenset({"post_bn", "conv1_conv"}), _SYMMETRIC, "rgb"),
    ("NASNet", frozenset({"stem_conv1", "stem_bn1"}), _SYMMETRIC, "rgb"),
    ("DenseNet", frozenset({"conv5_block1_concat", "pool4_conv"}), _IMAGENET, "rgb"),
    ("ResNet", frozenset({"conv5_block3_out", "conv1_bn"}), _CAFFE, "bgr"),
    ("VGG", frozenset({"block5_conv3", "block5_pool"}), _CAFFE, "bgr"),
)


def find_pixels(graph: Graph) -> Pixels | None:
    """Return the pixels that a network takes; None if its layers don't tell.

    A network that begins with arithmetic, such as a `Rescaling`, takes them as they are.
    """
    if _begins_with_arithmetic(graph):
        return Pixels("its own first layers", 1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    names = {layer.name for layer in graph.all_layers()}
    for network, markers, (scale, mean, std), channels in _MARKERS:
        if markers <= names:
            return Pixels(f"keras.applications' {network}", scale, mean, std, channels)
    return None


def _begins_with_arithmetic(graph: Graph) -> bool:
    """Whether the first layer that does anything with the photo is arithmetic."""
    name = graph.inputs[0].layer
    for _ in graph.layers:
        users = [layer for layer in graph.layers if _takes(layer, name)]
        if not users:
            return False
        first = users[0]
        if first.network is not None:
            return _begins_with_arithmetic(first.network)
        if first.kind in _ARITHMETIC:
            return True
        if first.kind not in OF_TRAINING:
            return False
        name = first.name
    return False


def _takes(layer: Layer, name: str) -> bool:
    return any(_mentions(call.arguments, name) for call in layer.calls)


def _mentions(arguments: object, name: str) -> bool:
    if isinstance(arguments, TensorRef):
        return arguments.layer == name
    return isinstance(arguments, list | tuple) and any(_mentions(one, name) for one in arguments)
