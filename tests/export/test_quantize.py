"""Layers that are quantized, and sensitive ones that stay in float."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from ctc.errors import CtcError
from ctc.export.convert import to_onnx
from ctc.export.parity import onnx_predict_fn
from ctc.export.quantize import quantized_candidates
from ctc.export.sensitivity import noise_to_signal
from ctc.export.simplify import simplify

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

LABELS = {"species": 3}


@pytest.fixture
def photos() -> list[np.ndarray]:
    return [np.random.default_rng(i).integers(0, 256, (4, 24, 32, 3), np.uint8) for i in range(3)]


def deep_network(outlier: float = 1.0):
    """Return a network of four convolutions with an outlier channel.

    Between the second and the third, a channel is `outlier` times as large as without it; the
    outputs are the same.
    """
    import keras

    keras.utils.set_random_seed(0)
    images = keras.Input((24, 32, 3), dtype="uint8")
    x = keras.layers.Rescaling([1 / 64] * 3, [-2.0] * 3)(images)
    layers = [
        keras.layers.Conv2D(8, 3, padding="same", activation="relu", name=f"conv_{i}")
        for i in range(4)
    ]
    for layer in layers:
        x = layer(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(images, {"species": keras.layers.Dense(3, "softmax")(x)})
    for layer, axis, factor in ((layers[1], 3, outlier), (layers[2], 2, 1 / outlier)):
        kernel, bias = layer.get_weights()
        np.moveaxis(kernel, axis, 0)[0] *= factor
        layer.set_weights([kernel, bias])
    return network


def simple(network) -> onnx.ModelProto:
    return simplify(to_onnx(network, LABELS, 24, 32))


def convolutions(model: onnx.ModelProto) -> dict[str, bool]:
    """Return, per convolution, whether its weights have 8 bits."""
    makers = {name: node.op_type for node in model.graph.node for name in node.output}
    return {
        node.name: node.input[1] in makers for node in model.graph.node if node.op_type == "Conv"
    }


def test_quantized_candidates_begin_with_all_layers_but_standardisation_and_heads(photos) -> None:
    first = next(quantized_candidates(simple(deep_network()), photos))
    assert (first.calibration_photos, first.layers, first.quantized_layers) == (12, 5, 4)
    assert list(convolutions(first.model).values()) == [False, True, True, True, True]
    kinds = [node.op_type for node in first.model.graph.node]
    assert kinds[-4:] == ["GlobalAveragePool", "Flatten", "MatMul", "Softmax"]


def test_quantize_uses_int8_weights_per_channel_and_uint8_activations(photos) -> None:
    graph = next(quantized_candidates(simple(deep_network()), photos)).model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = [
        n
        for n in graph.node
        if n.op_type == "DequantizeLinear" and constants.get(n.input[0], np.empty(0)).ndim == 4
    ]
    assert [(constants[n.input[0]].dtype.name, constants[n.input[1]].shape) for n in weights] == [
        ("int8", (8,))
    ] * 4
    rounded = [n for n in graph.node if n.op_type == "QuantizeLinear"]
    assert {constants[n.input[2]].dtype.name for n in rounded} == {"uint8"}


def test_quantized_candidates_double_the_layers_in_float(photos) -> None:
    found = list(quantized_candidates(simple(deep_network()), photos))
    assert [one.quantized_layers for one in found] == [4, 3, 2]
    assert [sum(convolutions(one.model).values()) for one in found] == [4, 3, 2]


def test_quantized_candidates_keep_layers_around_an_outlier_in_float_first(photos) -> None:
    network = deep_network(outlier=1000.0)
    exact = network(photos[0], training=False)["species"]
    found = list(quantized_candidates(simple(network), photos))
    apart = [
        float(np.abs(onnx_predict_fn(one.model)(photos[0])["species"] - exact).max())
        for one in found
    ]
    assert apart[0] > 10 * apart[2]
    _, *layers = convolutions(found[2].model).items()
    in_float = [name for name, has_8_bits in layers if not has_8_bits]
    assert [("conv_1" in name, "conv_2" in name) for name in in_float] == [
        (True, False),
        (False, True),
    ]


def test_noise_to_signal_of_255_steps_is_averaged_over_channels() -> None:
    numbers = np.array([[[[0.0, 100.4]], [[255.0, 255.0]]]], np.float32)
    assert noise_to_signal(numbers, 0.0, 255.0) == pytest.approx(0.4**2 / 100.4**2 / 2, rel=1e-4)


def test_noise_to_signal_of_zeros_is_zero() -> None:
    assert noise_to_signal(np.zeros((1, 2, 3, 3), np.float32), 0.0, 0.0) == 0.0


def test_quantized_candidates_refuse_a_network_without_layers(photos) -> None:
    import keras

    images = keras.Input((24, 32, 3), dtype="uint8")
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 64, -2.0)(images))
    network = keras.Model(images, {"species": keras.layers.Dense(3, "softmax")(x)})
    with pytest.raises(CtcError, match="no layer that can compute with 8 bits"):
        next(quantized_candidates(simple(network), photos))


def test_quantized_candidates_refuse_no_photos() -> None:
    with pytest.raises(CtcError, match="no photo to calibrate"):
        next(quantized_candidates(simple(deep_network()), []))
