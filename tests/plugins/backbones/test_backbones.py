from __future__ import annotations

import numpy as np
import pytest

from ctc.plugin import Backbone
from ctc.plugin.manager import plugins

NAMES = {"small_cnn": (50, 50, 128), "resnet18": (224, 224, 512)}


@pytest.mark.parametrize("name", NAMES)
def test_is_installed_with_its_size(name):
    assert plugins().get(Backbone, name).input_size == NAMES[name][:2]


@pytest.mark.parametrize("size", [(1, 1), (33, 50), (64, 47)])
@pytest.mark.parametrize("name", NAMES)
def test_any_size_gives_pooled_features(name, size):
    model = plugins().get(Backbone, name).build((*size, 3))
    assert model.output.shape == (None, NAMES[name][2])


def test_resnet18_has_the_weights_of_its_table():
    """Without the 1000 classes the network of the paper has 11.2 million weights."""
    model = plugins().get(Backbone, "resnet18").build((64, 64, 3))
    assert sum(layer.__class__.__name__ == "Conv2D" for layer in model.layers) == 17 + 3
    assert 11_100_000 < model.count_params() < 11_300_000


@pytest.mark.parametrize("name", NAMES)
def test_converts_to_onnx_with_the_same_answers(name, tmp_path):
    import onnxruntime
    import tensorflow as tf
    import tf2onnx

    from ctc.training.network import build_network

    network = build_network(plugins().get(Backbone, name), {"species": 3}, 40, 33, (0.4, 0.5, 0.6), (0.2, 0.2, 0.3))
    signature = [tf.TensorSpec((None, 40, 33, 3), tf.uint8, name="images")]
    path = tmp_path / "model.onnx"
    tf2onnx.convert.from_function(tf.function(network), signature, opset=18, output_path=str(path))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(0).integers(0, 256, (2, 40, 33, 3), np.uint8)
    (answers,) = session.run(None, {"images": pictures})
    np.testing.assert_allclose(answers, network.predict_on_batch(pictures)["species"], atol=1e-5)
