"""The file of each precision, and when it is not written."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import CtcError
from ctc.export.config import ExportConfig, ExportPrecision
from ctc.export.export import ExportResult, export_model

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

LOWER = ("float16", "int8")


@pytest.fixture
def export(trained_network, tiny_dataset, run_info, tmp_path) -> Callable[..., ExportResult]:
    """Return a function that exports the trained network: precision and other options → result."""
    dataset = tiny_dataset()
    info = run_info(dataset, preprocessing=Preprocessing(50, 50))

    def run(precision: ExportPrecision, **options: float) -> ExportResult:
        output = tmp_path / "out" / f"{precision}.onnx"
        return export_model(
            trained_network, info, dataset, output, ExportConfig(precision, **options)
        )

    return run


@pytest.mark.parametrize("precision", LOWER)
def test_precision_takes_uint8_and_returns_float32(export, trained_network, precision) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 50, 50, 3), np.uint8)
    session = onnxruntime.InferenceSession(
        export(precision).output, providers=["CPUExecutionProvider"]
    )
    species, count = session.run(["species", "count"], {"images": images})
    assert (species.dtype, species.shape, count.shape) == (np.float32, (3, 3), (3, 2))
    assert species.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert species == pytest.approx(np.asarray(trained_network(images)["species"]), abs=0.05)


def test_precision_reduces_the_file_size(export) -> None:
    whole, half, quarter = (
        export(precision).size_bytes for precision in ("float32", "float16", "int8")
    )
    assert half < 0.55 * whole
    assert quarter < 0.35 * whole


@pytest.mark.parametrize("precision", LOWER)
def test_precision_writes_a_valid_file(export, precision) -> None:
    report = export(precision)
    onnx.checker.check_model(report.output, full_check=True)
    model = onnx.load(report.output)
    assert [entry.name for entry in report.output.parent.iterdir()] == [f"{precision}.onnx"]
    assert {one.domain for one in model.opset_import} == {""}
    assert model.ir_version <= 10


@pytest.mark.parametrize("precision", LOWER)
def test_precision_keeps_standardisation_and_softmax_in_float32(export, precision) -> None:
    graph = onnx.load(export(precision).output).graph
    values = {
        value.name: value.type.tensor_type.elem_type for value in (*graph.value_info, *graph.output)
    }
    standardised = next(node for node in graph.node if node.op_type == "Conv")
    ends = [
        standardised.output[0],
        *(node.input[0] for node in graph.node if node.op_type == "Softmax"),
    ]
    assert [values[name] for name in ends] == [onnx.TensorProto.FLOAT] * 3


def test_float16_stores_half_precision_weights(export) -> None:
    graph = onnx.load(export("float16").output).graph
    kinds = [tensor.data_type for tensor in graph.initializer if len(tensor.dims) == 4]
    assert kinds.count(onnx.TensorProto.FLOAT16) == 4


def test_int8_stores_parity_in_the_metadata(export) -> None:
    report = export("int8")
    metadata = {entry.key: entry.value for entry in onnx.load(report.output).metadata_props}
    provenance = json.loads(metadata["provenance"])
    assert provenance["precision"] == "int8"
    assert provenance["parity"] == report.parity.to_json()
    assert provenance["parity"]["labels"]["species"].keys() == {
        "agreement",
        "labelled",
        "accuracy_trained",
        "accuracy_exported",
    }
    assert (
        provenance["calibration_photos"],
        provenance["layers"],
        provenance["quantized_layers"],
    ) == (12, 6, 4)


def test_int8_limits_calibration_photos(export) -> None:
    assert export("int8", calibration_photos=5).quantization["calibration_photos"] == 5


def test_int8_below_the_agreement_is_not_written(run_info, tiny_dataset, tmp_path) -> None:
    import keras

    images = keras.Input((24, 32, 3), dtype="uint8")
    x = keras.layers.Conv2D(4, 3, kernel_initializer="zeros", name="loud")(
        keras.layers.Rescaling(1 / 64)(images)
    )
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(
        images,
        {"species": keras.layers.Dense(3, "softmax", kernel_initializer="zeros", name="head")(x)},
    )
    kernel, bias = network.get_layer("loud").get_weights()
    kernel[1, 1, 0, 0], kernel[1, 1, 0, 1], bias[0] = (
        1e-4,
        1e4,
        -2e-4,
    )  # eight bits can't hold both channels
    network.get_layer("loud").set_weights([kernel, bias])
    head, _ = network.get_layer("head").get_weights()
    head[0] = (1e5, 0, -1e5)
    network.get_layer("head").set_weights([head, np.array([0, 1e-3, 0])])
    dataset = tiny_dataset()
    info = run_info(dataset, labels={"species": ("boar", "deer", "fox")})
    with pytest.raises(
        CtcError,
        match=r"the int8 model predicts the same 'species' .* less than 97.0%: .* was not written",
    ):
        export_model(network, info, dataset, tmp_path / "out" / "model.onnx", ExportConfig("int8"))
    assert not (tmp_path / "out").exists()
