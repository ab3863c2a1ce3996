"""Conversion of Keras networks to ONNX, and graph optimization."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tf2onnx import optimizer

from ctc.errors import CtcError, InputError
from ctc.export.convert import to_onnx
from ctc.export.parity import onnx_predict_fn
from ctc.export.simplify import simplify

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 24, 32, 3), np.uint8)


def residual_network():
    """Return a network with a batch normalisation that can't be folded into a convolution."""
    import keras

    keras.utils.set_random_seed(0)
    images = keras.Input((24, 32, 3), dtype="uint8")
    x = keras.layers.Rescaling([1 / 60, 1 / 50, 1 / 40], [-2.0, -1.5, -1.0])(images)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(x)
    x = keras.layers.Add()([x, keras.layers.Conv2D(8, 3, padding="same")(x)])
    normalise = keras.layers.BatchNormalization()
    x = keras.layers.ReLU()(normalise(x))
    normalise.set_weights(
        [np.linspace(0.5, 2, 8), np.linspace(-1, 1, 8), np.linspace(0, 1, 8), np.linspace(1, 3, 8)]
    )
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, {"species": keras.layers.Dense(3, "softmax")(x)})


def test_to_onnx_accepts_unusual_label_names(build_network, images) -> None:
    inner = to_onnx(build_network({"species": 3}), {"species": 3}, 24, 32).graph.node[0].output[0]
    labels = dict.fromkeys(("Zähl mal: 'x'/{}", "output_0", inner), 2)
    network = build_network(labels)
    found = onnx_predict_fn(simplify(to_onnx(network, labels, 24, 32)))(images)
    assert list(found) == list(labels)
    for label, values in network(images, training=False).items():
        assert found[label] == pytest.approx(np.asarray(values), abs=1e-5)


def test_to_onnx_refuses_a_label_called_images(build_network) -> None:
    with pytest.raises(InputError, match="a label can't be called 'images'"):
        to_onnx(build_network({"images": 2}), {"images": 2}, 24, 32)


def test_to_onnx_refuses_an_unsupported_network() -> None:
    import keras

    images = keras.Input((24, 32, 3), dtype="uint8")
    x = keras.layers.Lambda(lambda x: keras.ops.erfinv(keras.ops.cast(x, "float32") / 256))(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(images, {"species": keras.layers.Softmax()(x)})
    with pytest.raises(CtcError, match="can't be converted to ONNX"):
        to_onnx(network, {"species": 3}, 24, 32)


class FailingOptimization:
    """An optimization of tf2onnx that fails."""

    def optimize(self, graph, iteration):
        raise KeyError("axes")


def test_to_onnx_converts_when_an_optimization_fails(build_network, images, monkeypatch) -> None:
    monkeypatch.setitem(optimizer._optimizers, "failing", FailingOptimization)
    network = build_network({"species": 3})
    found = onnx_predict_fn(to_onnx(network, {"species": 3}, 24, 32))(images)
    assert found["species"] == pytest.approx(
        np.asarray(network(images, training=False)["species"]), abs=1e-5
    )


def test_simplify_keeps_probabilities(images) -> None:
    exact = to_onnx(residual_network(), {"species": 3}, 24, 32)
    simple = simplify(exact)
    onnx.checker.check_model(simple, full_check=True)
    assert onnx_predict_fn(simple)(images)["species"] == pytest.approx(
        onnx_predict_fn(exact)(images)["species"], abs=1e-5
    )


def test_simplify_leaves_few_kinds_of_nodes() -> None:
    graph = simplify(to_onnx(residual_network(), {"species": 3}, 24, 32)).graph
    assert Counter(node.op_type for node in graph.node) == {
        "Transpose": 1,
        "Cast": 1,
        "Conv": 4,
        "Relu": 2,
        "Add": 1,
        "GlobalAveragePool": 1,
        "Flatten": 1,
        "MatMul": 1,
        "Softmax": 1,
    }
    assert (graph.node[0].op_type, list(graph.node[0].input)) == ("Transpose", ["images"])


def test_simplify_turns_standardisation_into_a_depthwise_convolution() -> None:
    graph = simplify(to_onnx(residual_network(), {"species": 3}, 24, 32)).graph
    standardise = next(node for node in graph.node if node.op_type == "Conv")
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    assert weights[standardise.input[1]].ravel() == pytest.approx([1 / 60, 1 / 50, 1 / 40])
    assert weights[standardise.input[2]] == pytest.approx([-2.0, -1.5, -1.0])


def test_simplify_uses_only_standard_operators() -> None:
    simple = simplify(to_onnx(residual_network(), {"species": 3}, 24, 32))
    assert [(one.domain, one.version) for one in simple.opset_import] == [("", 18)]
    assert simple.ir_version <= 10
