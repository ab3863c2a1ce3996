"""Backbones from keras.applications (https://keras.io/api/applications/).

They are built without their heads and without their own standardisation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from ctc.plugin import Backbone, hookimpl

from .imagenet import IMAGENET_STATS, SYMMETRIC, SYMMETRIC_128, Normalization, imagenet_weights
from .input_size import check_size

if TYPE_CHECKING:
    import keras

BATCH_NORM_MOMENTUM = 0.9


@dataclass(frozen=True)
class Application:
    """One `function` of keras.applications.

    `input_size` is the side that its authors use, `min_size` the least that Keras builds it for, in
    pixels. `normalization` belongs to its weights. `has_preprocessing` means that it standardises
    its input unless told not to.
    """

    function: str
    summary: str
    input_size: int
    min_size: int
    normalization: Normalization
    has_preprocessing: bool = False


APPLICATIONS = {
    "resnet50": Application("ResNet50V2", "pre-activation ResNet of 50 layers", 224, 32, SYMMETRIC),
    "resnet101": Application(
        "ResNet101V2", "pre-activation ResNet of 101 layers", 224, 32, SYMMETRIC
    ),
    "resnet152": Application(
        "ResNet152V2", "pre-activation ResNet of 152 layers", 224, 32, SYMMETRIC
    ),
    "inception_resnet_v2": Application(
        "InceptionResNetV2", "Inception with shortcuts, deep and slow", 299, 75, SYMMETRIC
    ),
    "xception": Application(
        "Xception", "Inception taken to depthwise convolutions", 299, 71, SYMMETRIC
    ),
    "mobilenet_v3_small": Application(
        "MobileNetV3Small", "for phones: the fastest", 224, 32, SYMMETRIC, True
    ),
    "mobilenet_v3_large": Application(
        "MobileNetV3Large", "for phones: fast and good", 224, 32, SYMMETRIC, True
    ),
    "efficientnet_v2_b0": Application(
        "EfficientNetV2B0", "small, and good for its size", 224, 32, IMAGENET_STATS, True
    ),
    "efficientnet_v2_b3": Application(
        "EfficientNetV2B3", "a larger EfficientNetV2B0", 300, 32, IMAGENET_STATS, True
    ),
    "efficientnet_v2_s": Application(
        "EfficientNetV2S", "for large pictures", 384, 32, SYMMETRIC_128, True
    ),
}


def build(
    name: str,
    application: Application,
    weights: Literal["imagenet"] | None,
    shape: tuple[int, int, int],
) -> keras.Model:
    """Build the network from standardised images of `shape` to features (N, channels).

    Raises UsageError when `shape` is too small.
    """
    from keras import applications, layers

    check_size(name, shape, application.min_size)
    options = {"include_preprocessing": False} if application.has_preprocessing else {}
    network = getattr(applications, application.function)(
        include_top=False, weights=weights, input_shape=shape, pooling="avg", **options
    )
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            # Keras's 0.99 and 0.999 need more steps than the training on a small dataset has
            layer.momentum = BATCH_NORM_MOMENTUM
    return network


@hookimpl
def ctc_backbones() -> Iterable[Backbone]:
    for name, application in APPLICATIONS.items():
        yield Backbone(
            name,
            application.summary,
            (application.input_size, application.input_size),
            partial(build, name, application, None),
            imagenet_weights(
                name, application.normalization, partial(build, name, application, "imagenet")
            ),
        )
