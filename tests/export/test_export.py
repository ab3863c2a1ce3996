"""The exported file: outputs, metadata, and when it is not written."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import CtcError
from ctc.export.config import ExportConfig
from ctc.export.export import export_model

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

CLASSES = {"species": 3, "count": 2}
FLOAT32 = ExportConfig()


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 24, 32, 3), np.uint8)


@pytest.fixture
def exported(build_network, run_info, tiny_dataset, tmp_path):
    """Return network, path of the file, and result."""
    network, path, dataset = build_network(CLASSES), tmp_path / "out" / "model.onnx", tiny_dataset()
    return network, path, export_model(network, run_info(dataset), dataset, path, FLOAT32)


def answers(path, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"images": images}), strict=True))


def test_export_model_outputs_equal_those_of_the_network(exported, images) -> None:
    network, path, _ = exported
    found = answers(path, images)
    assert list(found) == ["species", "count"]
    for label, values in network(images, training=False).items():
        assert found[label] == pytest.approx(np.asarray(values), abs=1e-5)
        assert found[label].sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_export_model_accepts_any_batch_size(exported, images) -> None:
    assert answers(exported[1], images[:1])["species"].shape == (1, 3)


def test_export_model_declares_input_and_outputs(exported) -> None:
    graph = onnx.load(exported[1]).graph
    (images,) = graph.input
    assert (images.name, images.type.tensor_type.elem_type) == ("images", onnx.TensorProto.UINT8)
    assert [d.dim_param or d.dim_value for d in images.type.tensor_type.shape.dim] == [
        "N",
        24,
        32,
        3,
    ]
    assert [d.dim_param or d.dim_value for d in graph.output[1].type.tensor_type.shape.dim] == [
        "N",
        2,
    ]


def test_export_model_writes_a_valid_self_contained_file(exported) -> None:
    _, path, report = exported
    onnx.checker.check_model(path, full_check=True)
    assert [entry.name for entry in path.parent.iterdir()] == ["model.onnx"]
    assert report.size_bytes == path.stat().st_size
    assert not any(tensor.external_data for tensor in onnx.load(path).graph.initializer)


def test_export_model_writes_metadata(exported) -> None:
    _, path, report = exported
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    info = ModelInfo.from_metadata(metadata)
    assert info.labels == {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}
    assert info.preprocessing == Preprocessing(24, 32)
    assert {"backbone", "dataset", "parity", "exported_with"} <= set(info.provenance)
    assert info.provenance["parity"] == report.parity.to_json()
    assert info.provenance["precision"] == "float32"
    assert {"ctc", "keras", "tf2onnx"} <= set(info.provenance["exported_with"])


def test_export_model_refuses_a_difference_beyond_the_tolerance(
    run_info, tiny_dataset, tmp_path
) -> None:
    import keras
    import tensorflow as tf

    images = keras.Input((24, 32, 3), dtype="uint8")
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 64, -2.0)(images))
    changed = keras.layers.Lambda(lambda x: x * (1.0 if tf.executing_eagerly() else 1.1))(features)
    heads = {
        label: keras.layers.Dense(classes, "softmax")(changed) for label, classes in CLASSES.items()
    }
    dataset = tiny_dataset()
    with pytest.raises(
        CtcError, match=r"differs from the trained one by .* more than 0.0001: .*was not written"
    ):
        export_model(
            keras.Model(images, heads), run_info(dataset), dataset, tmp_path / "model.onnx", FLOAT32
        )
    assert [entry.name for entry in tmp_path.iterdir()] == ["dataset"]


def test_export_model_refuses_a_network_that_returns_nan(
    build_network, run_info, tiny_dataset, tmp_path
) -> None:
    network, dataset = build_network(CLASSES), tiny_dataset()
    network.layers[2].set_weights(
        [np.full_like(values, np.nan) for values in network.layers[2].get_weights()]
    )
    with pytest.raises(CtcError, match="differs from the trained network by nan"):
        export_model(
            network,
            run_info(dataset),
            dataset,
            tmp_path / "model.onnx",
            ExportConfig(min_agreement=0.0),
        )
    assert not (tmp_path / "model.onnx").exists()
