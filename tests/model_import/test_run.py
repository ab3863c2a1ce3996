"""Import of a network: what is read, what is written, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from foreign_network import CLASSES, SIDE, expected_probabilities

from ctc.errors import CtcError, InputError, UsageError
from ctc.model_import.config import ImportConfig
from ctc.model_import.parity import OutputParity
from ctc.model_import.run import ImportResult, import_network
from ctc.runtime.session import Model, load_model


class Lines:
    """A reporter that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str) -> None:
        self.lines.append(message)

    def warn(self, message: str) -> None:
        self.lines.append(f"warning: {message}")


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, SIDE, SIDE, 3)).astype(np.uint8)


@pytest.fixture
def import_file(tmp_path: Path, classes_file: Path) -> Callable[..., ImportResult]:
    """A function that imports a network with the classes of `classes_file`."""

    def run(network: Path, reporter: Any = None, **options: Any) -> ImportResult:
        options = {"classes": classes_file, **options}
        config = ImportConfig(network, tmp_path / "model.onnx", **options)
        return import_network(config, reporter or Lines())

    return run


def opened(result: ImportResult) -> Model:
    return load_model(result.output, needs="labels" if result.info.labels else "features")


def test_imported_network_answers_as_computed_by_hand(write_network, import_file, images) -> None:
    model = opened(import_file(write_network()))
    assert model.info.labels == {"species": CLASSES}
    answers = model.predict(images)["species"]
    np.testing.assert_allclose(answers, expected_probabilities(images), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "by_hand"),
    [
        ({"scale": 1.0, "mean": (127.0,) * 3, "std": (128.0,) * 3}, {"scale": 1}),
        ({"mean": (0.4, 0.5, 0.6), "std": (0.1, 0.2, 0.3)}, {}),
        ({"channels": "bgr", "mean": (0.4, 0.5, 0.6)}, {"bgr": True}),
        ({"scale": 51.0}, {"scale": 51}),
    ],
)
def test_each_option_of_the_standardisation_is_applied(
    write_network, import_file, images, options, by_hand
) -> None:
    expected = expected_probabilities(
        images,
        **{name: options[name] for name in ("mean", "std") if name in options},
        **by_hand,
    )
    answers = opened(import_file(write_network(), **options)).predict(images)["species"]
    np.testing.assert_allclose(answers, expected, atol=1e-6)
    assert np.abs(answers - expected_probabilities(images)).max() > 1e-3


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("kind", ["float32", "float16", "uint8"])
def test_input_of_any_layout_and_type_takes_uint8_photos(
    write_network, import_file, images, layout, kind
) -> None:
    result = import_file(write_network(layout=layout, kind=kind))
    scale = 1 if kind == "uint8" else 255
    np.testing.assert_allclose(
        opened(result).predict(images)["species"],
        expected_probabilities(images, scale),
        atol=1e-5 if kind != "float16" else 0.02,
    )
    assert result.parity.tolerance == (1e-5 if kind != "float16" else 5e-3)


@pytest.mark.parametrize("opset", [9, 11, 13, 17, 18, 21])
def test_networks_of_old_and_new_opsets_are_imported(
    write_network, import_file, images, opset
) -> None:
    result = import_file(write_network(opset=opset, end="Softmax"))
    answers = opened(result).predict(images)["species"]
    np.testing.assert_allclose(answers, expected_probabilities(images), atol=1e-6)
    onnx.checker.check_model(result.output, full_check=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"batch": 1},
        {"batch": 4},
        {"batch": 1, "reshape": (1, 3)},
        {"batch": 1, "reshape": (1, -1)},
        {"batch": 4, "reshape": (4, 3)},
        {"batch": 1, "fixed_constant": True},
        {"batch": "batch", "fixed_constant": True},
        {"batch": 1, "fixed_constant": True, "maps": True},
    ],
)
def test_fixed_batch_size_becomes_any_number(write_network, import_file, images, changes) -> None:
    lines = Lines()
    features = {"features": "maps"} if changes.get("maps") else {}
    model = opened(import_file(write_network(**changes), lines, **features))
    answers = model.predict(images)["species"]
    np.testing.assert_allclose(answers, expected_probabilities(images), atol=1e-6)
    single = "fixed_constant" in changes
    told = "one photo at a time" if single else f"any number instead of {changes['batch']}"
    assert told in lines.lines[-1]
    if features:
        colours = images.mean(axis=(1, 2)) / 255
        found = model.run(images, ["features"])["features"]
        np.testing.assert_allclose(found, colours, atol=1e-5)


def test_fixed_batch_size_of_several_that_can_not_be_freed_is_refused(
    write_network, import_file, tmp_path
) -> None:
    network = write_network(batch=2, reshape=(1, 2, 3), end=None)
    with pytest.raises(CtcError, match=r"takes exactly 2 photos at a time|not one row for each"):
        import_file(network)
    assert not (tmp_path / "model.onnx").exists()


def test_sigmoid_makes_a_label_of_several_classes(write_network, import_file, images) -> None:
    model = opened(import_file(write_network(), activation="sigmoid"))
    assert model.info.multi_label == ("species",)
    assert model.predict(images)["species"].sum(axis=1).max() > 1.1


@pytest.mark.parametrize(
    ("changes", "options", "multi_label"),
    [
        ({"end": "Softmax"}, {}, ()),
        ({"end": "Sigmoid"}, {}, ("species",)),
        ({"end": "Sigmoid"}, {"activation": "none"}, ("species",)),
        ({"end": "Softmax", "kind": "float16"}, {}, ()),
        ({"end": "HardSigmoid"}, {"activation": "none"}, ("species",)),
    ],
)
def test_several_classes_at_once_are_told_by_the_end_of_the_network(
    write_network, import_file, changes, options, multi_label
) -> None:
    assert import_file(write_network(**changes), **options).info.multi_label == multi_label


def test_softmax_in_the_network_is_not_applied_twice(write_network, import_file, images) -> None:
    lines = Lines()
    network = write_network(end="Softmax")
    answers = opened(import_file(network, lines)).predict(images)["species"]
    np.testing.assert_allclose(answers, expected_probabilities(images), atol=1e-6)
    assert "activation: none, from the network, which ends with a softmax" in lines.lines
    with pytest.raises(UsageError, match="ends with a softmax already"):
        import_file(network, activation="softmax")


def test_numbers_that_are_no_probabilities_are_refused(write_network, import_file) -> None:
    with pytest.raises(UsageError, match="which are no probabilities: choose --activation"):
        import_file(write_network(), activation="none")


def test_features_are_an_output_of_the_model_file(write_network, import_file, images) -> None:
    model = opened(import_file(write_network(), features="mean"))
    found = model.run(images, ["features", "species"])
    np.testing.assert_allclose(found["features"], images.mean(axis=(1, 2)) / 255, atol=1e-6)
    np.testing.assert_allclose(found["species"], expected_probabilities(images), atol=1e-6)


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("name", ["tokens", "all_tokens", "maps"])
def test_features_of_any_shape_are_pooled(write_network, import_file, images, name, opset) -> None:
    network = write_network(tokens=True, maps=True, opset=opset)
    model = opened(import_file(network, features=name))
    found = model.run(images, ["features"])["features"]
    np.testing.assert_allclose(found, images.mean(axis=(1, 2)) / 255, atol=1e-6)


def test_auto_takes_the_input_of_the_last_layer_as_features(
    write_network, import_file, images
) -> None:
    lines = Lines()
    model = opened(import_file(write_network(end="Softmax"), lines, features="auto"))
    assert "features: 'mean', from --features" in lines.lines
    assert model.info.feature_size == 3


def test_network_without_classes_is_imported_for_its_features(
    write_network, import_file, images
) -> None:
    network = write_network()
    with pytest.raises(UsageError, match=r"nothing names the classes .* --classes FILE"):
        import_file(network, classes=None)
    model = opened(import_file(network, classes=None, features="mean"))
    assert (model.info.labels, model.info.feature_size) == ({}, 3)
    found = model.run(images, ["features"])["features"]
    np.testing.assert_allclose(found, images.mean(axis=(1, 2)) / 255, atol=1e-6)


def test_names_that_a_model_file_reserves_may_be_in_the_network(
    write_network, import_file, images
) -> None:
    names = {"x": "images", "mean": "species", "output": "features"}
    model = opened(import_file(write_network(names=names), features="species"))
    found = model.run(images, ["features", "species"])
    np.testing.assert_allclose(found["features"], images.mean(axis=(1, 2)) / 255, atol=1e-6)
    np.testing.assert_allclose(found["species"], expected_probabilities(images), atol=1e-6)


def test_label_is_the_name_of_the_output(write_network, import_file) -> None:
    result = import_file(write_network(), label="animal")
    assert opened(result).info.labels == {"animal": CLASSES}
    with pytest.raises(UsageError, match="a label can't be called 'images'"):
        import_file(write_network(), label="images")


def test_network_for_any_size_needs_one(write_network, import_file) -> None:
    network = write_network(side="side")
    with pytest.raises(UsageError, match="give the one that the network was trained for by --size"):
        import_file(network)
    assert opened(import_file(network, size=(8, 12))).info.preprocessing.width == 12


def test_options_that_contradict_the_network_are_refused(write_network, import_file) -> None:
    with pytest.raises(InputError, match=r"--size says 8×8 pixels .* is for 16×16"):
        import_file(write_network(), size=(8, 8))
    with pytest.raises(InputError, match="--layout says that the layout is nhwc"):
        import_file(write_network(), layout="nhwc")
    with pytest.raises(UsageError, match="whole pixels from 0 to 255"):
        import_file(write_network(kind="uint8"), mean=(0.5, 0.5, 0.5))


def test_too_few_class_names_are_refused_with_both_numbers(
    write_network, import_file, classes_file
) -> None:
    classes_file.write_text("fox\ndeer\n")
    with pytest.raises(InputError, match=r"names 2 classes, but the output 'output' .* 3 numbers"):
        import_file(write_network())


def test_resize_licence_and_source_are_kept(write_network, import_file) -> None:
    options = {"resize": "letterbox", "licence": "CC-BY-4.0", "source": "a park's network"}
    info = opened(import_file(write_network(), **options)).info
    assert (info.preprocessing.resize, info.licence) == ("letterbox", "CC-BY-4.0")
    assert info.source["from"] == "a park's network"
    assert info.source["name"] == "network.onnx"
    assert len(info.source["sha256"]) == 64


def test_every_value_is_told_with_the_place_that_says_it(write_network, import_file) -> None:
    lines = Lines()
    import_file(write_network(), lines, mean=(0.4, 0.5, 0.6))
    assert lines.lines == [
        "classes: 3 of 'species', from --classes",
        "output of 'species': 'output', from the network",
        "activation: softmax, the default",
        "layout: nchw, from the network",
        "size: 16×16 pixels, from the network",
        "resize: stretch, the default",
        "channels: rgb, the default",
        "scale: 255, the default",
        "mean: 0.4, 0.5, 0.6, from --mean",
        "std: 1, 1, 1, the default",
    ]


def test_guessed_standardisation_is_warned_of(write_network, import_file) -> None:
    guessed, said, own = Lines(), Lines(), Lines()
    import_file(write_network(), guessed)
    import_file(write_network(), said, scale=255.0)
    import_file(write_network(kind="uint8"), own)
    warnings = [[line for line in one.lines if "warning" in line] for one in (guessed, said, own)]
    assert [len(one) for one in warnings] == [1, 0, 0]
    assert "as most are, add --mean 0.485,0.456,0.406" in warnings[0][0]


def test_photos_of_a_folder_are_compared(write_network, import_file, photos) -> None:
    parity = import_file(write_network(), photos=photos).parity
    assert (parity.photos, parity.agreement) == (12, 1.0)
    assert parity.compared_on == "of 'photos'"


def test_int8_and_float16_files_keep_the_agreement_with_the_original(
    write_network, import_file, photos, images
) -> None:
    network = write_network(conv=True)
    int8 = import_file(network, precision="int8", calibration_photos=photos)
    assert (int8.info.provenance["precision"], int8.info.provenance["quantized_layers"]) == (
        "int8",
        1,
    )
    # a quarter of the photos is compared, the rest calibrated on
    assert (int8.parity.photos, int8.info.provenance["calibration_photos"]) == (3, 9)
    assert int8.info.provenance["parity"]["outputs"]["species"]["agreement"] == 1.0
    model = opened(int8)
    np.testing.assert_allclose(
        model.predict(images)["species"], expected_probabilities(images), atol=0.02
    )
    kinds = {node.op_type for node in onnx.load(int8.output).graph.node}
    assert "QuantizeLinear" in kinds
    int8.output.unlink()
    half = import_file(network, precision="float16", photos=photos)
    weights = onnx.load(half.output).graph.initializer
    assert onnx.TensorProto.FLOAT16 in {tensor.data_type for tensor in weights}
    assert half.info.provenance["precision"] == "float16"


def test_smaller_precision_that_changes_classes_is_refused(
    write_network, import_file, photos, monkeypatch
) -> None:
    half = OutputParity(0.0, 0.5)
    monkeypatch.setattr("ctc.model_import.parity._compare_classes", lambda *_: half)
    with pytest.raises(CtcError, match=r"in float16 it gives .* class for 50.0% .* less than 99"):
        import_file(write_network(conv=True), precision="float16", photos=photos)


def test_network_that_takes_one_photo_at_a_time_stays_float32(
    write_network, import_file, photos
) -> None:
    network = write_network(batch=1, fixed_constant=True, conv=True)
    with pytest.raises(CtcError, match=r"takes one photo at a time can't be written in int8"):
        import_file(network, precision="int8", calibration_photos=photos)


def test_int8_needs_photos(write_network, import_file, photos) -> None:
    with pytest.raises(UsageError, match="give a folder of some hundred by --calibration-photos"):
        import_file(write_network(), precision="int8")
    with pytest.raises(UsageError, match="is for int8, not 'float32'"):
        import_file(write_network(), calibration_photos=photos)


def test_nothing_is_written_when_the_answers_differ(
    write_network, import_file, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("ctc.model_import.parity.TOLERANCE", -1.0)
    with pytest.raises(CtcError, match=r"more than -1: '.*model.onnx' was not written"):
        import_file(write_network())
    assert not (tmp_path / "model.onnx").exists()
    assert not list(tmp_path.glob(".*"))


def test_taxonomy_of_speciesnet_is_kept(write_network, import_file, classes_file) -> None:
    uuid = "f1856211-cfb7-4a5b-9158-c0f72fd09ee6"
    names = ("vulpes;vulpes;red fox", ";;canidae family", ";;blank")
    lines = [f"{uuid};mammalia;carnivora;canidae;{name}\n" for name in names]
    classes_file.write_text("".join(lines))
    info = opened(import_file(write_network())).info
    assert info.labels == {"species": ("red fox", "canidae family", "blank")}
    assert info.taxonomy["species"]["red fox"]["genus"] == "vulpes"
