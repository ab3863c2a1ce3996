"""The exported file: what it answers, what it says of itself, and when it is not written."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import CtcError, InputError
from ctc.export.export import export_model
from ctc.export.sample import held_out_split, open_dataset, real_photos

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

CLASSES = {"species": 3, "count": 2}


@pytest.fixture
def batches() -> list[np.ndarray]:
    return [np.random.default_rng(i).integers(0, 256, (4, 24, 32, 3), np.uint8) for i in range(2)]


@pytest.fixture
def exported(build_network, run_info, batches, tmp_path):
    """Network, path of the file, and report."""
    network, path = build_network(CLASSES), tmp_path / "model.onnx"
    return network, path, export_model(network, run_info(), batches, path)


def answers(path, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"images": images}), strict=True))


def test_onnxruntime_gives_the_networks_probabilities_under_the_labels_names(exported, batches) -> None:
    network, path, _ = exported
    found = answers(path, batches[0])
    assert list(found) == ["species", "count"]
    for label, values in network(batches[0], training=False).items():
        assert found[label] == pytest.approx(np.asarray(values), abs=1e-5)
        assert found[label].sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_batch_may_have_any_size(exported, batches) -> None:
    assert answers(exported[1], batches[0][:1])["species"].shape == (1, 3)


def test_input_and_outputs_are_declared_as_promised(exported) -> None:
    graph = onnx.load(exported[1]).graph
    (images,) = graph.input
    assert (images.name, images.type.tensor_type.elem_type) == ("images", onnx.TensorProto.UINT8)
    assert [d.dim_param or d.dim_value for d in images.type.tensor_type.shape.dim] == ["N", 24, 32, 3]
    assert [d.dim_param or d.dim_value for d in graph.output[1].type.tensor_type.shape.dim] == ["N", 2]


def test_the_file_is_checked_whole_and_alone(exported) -> None:
    _, path, report = exported
    onnx.checker.check_model(path, full_check=True)
    assert [entry.name for entry in path.parent.iterdir()] == ["model.onnx"]
    assert report.bytes == path.stat().st_size
    assert not any(tensor.external_data for tensor in onnx.load(path).graph.initializer)


def test_the_metadata_tell_labels_preprocessing_and_provenance(exported) -> None:
    metadata = {entry.key: entry.value for entry in onnx.load(exported[1]).metadata_props}
    info = ModelInfo.from_metadata(metadata)
    assert info.labels == {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}
    assert info.preprocessing == Preprocessing(24, 32)
    assert {"backbone", "dataset", "parity", "exported_with"} <= set(info.provenance)
    assert info.provenance["parity"]["photos"] == 8
    assert info.provenance["parity"]["agreement"] == {"species": 1.0, "count": 1.0}
    assert {"ctc", "keras", "tf2onnx"} <= set(info.provenance["exported_with"])


def test_labels_may_have_odd_names_and_those_of_inner_values(build_network, run_info, batches, tmp_path) -> None:
    plain = tmp_path / "plain.onnx"
    export_model(build_network(CLASSES), run_info(), batches, plain)
    inner = onnx.load(plain).graph.node[0].output[0]
    names = ("Zähl mal: 'x'/{}", "output_0", inner)
    path = tmp_path / "odd.onnx"
    network = build_network(dict.fromkeys(names, 2))
    export_model(network, run_info(labels=dict.fromkeys(names, ("a", "b"))), batches, path)
    found = answers(path, batches[0])
    assert tuple(found) == names
    for label, values in network(batches[0], training=False).items():
        assert found[label] == pytest.approx(np.asarray(values), abs=1e-5)


def test_a_label_called_images_is_refused(build_network, run_info, batches, tmp_path) -> None:
    with pytest.raises(InputError, match="a label can't be called 'images'"):
        export_model(
            build_network({"images": 2}), run_info(labels={"images": ("a", "b")}), batches, tmp_path / "m.onnx"
        )


def test_a_difference_beyond_the_tolerance_writes_nothing(build_network, run_info, batches, tmp_path) -> None:
    network, path = build_network(CLASSES), tmp_path / "model.onnx"
    with pytest.raises(CtcError, match="differs from the trained one"):
        export_model(network, run_info(), batches, path, tolerance=-1.0)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_gives_nan_is_refused(build_network, run_info, batches, tmp_path) -> None:
    network = build_network(CLASSES)
    network.layers[2].set_weights([np.full_like(values, np.nan) for values in network.layers[2].get_weights()])
    with pytest.raises(CtcError, match="by nan"):
        export_model(network, run_info(), batches, tmp_path / "model.onnx")


def test_a_network_without_counterpart_in_onnx_is_refused_in_a_line(run_info, batches, tmp_path) -> None:
    import keras

    images = keras.Input((24, 32, 3), dtype="uint8")
    x = keras.layers.Lambda(lambda x: keras.ops.erfinv(keras.ops.cast(x, "float32") / 256))(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(images, {"species": keras.layers.Softmax()(x)})
    with pytest.raises(CtcError, match="can't be converted to ONNX"):
        export_model(network, run_info(labels={"species": ("a", "b", "c")}), batches, tmp_path / "model.onnx")


def test_without_photos_nothing_is_written(build_network, run_info, tmp_path) -> None:
    with pytest.raises(InputError, match="no photo to compare"):
        export_model(build_network(CLASSES), run_info(), [], tmp_path / "model.onnx")


def test_photos_come_from_the_test_split_as_prediction_sees_them(tiny_dataset, run_info) -> None:
    dataset = tiny_dataset()
    assert held_out_split(dataset) == "test"
    found = list(real_photos(dataset, run_info(dataset), photos=5))
    assert [(images.shape, images.dtype.name) for images in found] == [((5, 24, 32, 3), "uint8")]


def test_splits_of_any_name_serve_before_train(tiny_dataset) -> None:
    assert held_out_split(tiny_dataset({"train": 3, "val": 0, "2019": 3}, shards=1)) == "2019"


def test_a_dataset_that_moved_is_asked_for(tiny_dataset, run_info, tmp_path) -> None:
    dataset = tiny_dataset()
    info = run_info(dataset)
    dataset.folder.rename(tmp_path / "moved")
    with pytest.raises(CtcError, match="say with --dataset where it is now"):
        open_dataset(info, None)
    assert open_dataset(info, tmp_path / "moved").fingerprint() == info.dataset["fingerprint"]
