from __future__ import annotations

import pytest

from ctc.model_import.keras_files.graph import Call, Graph, Layer, TensorRef
from ctc.model_import.keras_files.pixels import find_pixels


def chain(*layers: tuple[str, str]) -> Graph:
    """Return a network of layers (name, class), one behind the other."""
    made, last = [Layer("photos", "InputLayer", {}, ())], "photos"
    for name, kind in layers:
        made.append(Layer(name, kind, {}, (Call((TensorRef(last),)),)))
        last = name
    return Graph(
        "network", "Functional", tuple(made), (TensorRef("photos"),), {last: TensorRef(last)}
    )


@pytest.mark.parametrize(
    ("names", "network", "scale", "channels"),
    [
        (("block1_conv1", "block14_sepconv2"), "Xception", 127.5, "rgb"),
        (("Conv_1_bn", "block_16_project_BN"), "MobileNetV2", 127.5, "rgb"),
        (("conv1_conv", "post_bn"), "ResNetV2", 127.5, "rgb"),
        (("conv1_conv", "conv1_bn", "conv5_block3_out"), "ResNet", 1.0, "bgr"),
        (("pool4_conv", "conv5_block1_concat"), "DenseNet", 255.0, "rgb"),
        (("block5_conv3", "block5_pool"), "VGG", 1.0, "bgr"),
    ],
)
def test_networks_of_keras_are_known_by_their_layers(
    names: tuple[str, ...], network: str, scale: float, channels: str
) -> None:
    found = find_pixels(chain(*((name, "Conv2D") for name in names)))
    assert found is not None
    assert (found.network, found.scale, found.channels) == (
        f"keras.applications' {network}",
        scale,
        channels,
    )


@pytest.mark.parametrize("kind", ["Rescaling", "Normalization", "TrueDivide", "TFOpLambda"])
def test_arithmetic_at_the_start_takes_pixels_as_they_are(kind: str) -> None:
    names = ("block1_conv1", "block14_sepconv2")
    graph = chain(("flip", "RandomFlip"), ("first", kind), *((name, "Conv2D") for name in names))
    found = find_pixels(graph)
    assert found is not None
    assert (found.scale, found.mean, found.std) == (1.0, (0.0,) * 3, (1.0,) * 3)


def test_arithmetic_inside_a_nested_network_counts() -> None:
    inner = chain(("first", "Rescaling"))
    outer = Layer("inner", "Functional", {}, (Call((TensorRef("photos"),)),), inner)
    photos = Layer("photos", "InputLayer", {}, ())
    graph = Graph(
        "n", "Functional", (photos, outer), (TensorRef("photos"),), {"inner": TensorRef("inner")}
    )
    found = find_pixels(graph)
    assert found is not None
    assert found.scale == 1.0


def test_other_networks_are_not_guessed() -> None:
    assert find_pixels(chain(("conv2d", "Conv2D"), ("flatten", "Flatten"))) is None
