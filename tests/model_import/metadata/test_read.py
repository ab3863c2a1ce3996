"""What stands in an ONNX file and beside it, format by format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from foreign_network import color_graph

from ctc.errors import InputError
from ctc.model_import.description import first_said
from ctc.model_import.metadata.read import read_descriptions

FOLDER = "network"


@pytest.fixture
def describe(tmp_path: Path):
    """A function that writes files beside a network and returns what they say, by field."""

    def run(files: dict[str, Any], network: str = "model.onnx", **metadata: str) -> dict[str, Any]:
        folder = tmp_path / FOLDER
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        found = read_descriptions(folder / network, color_graph(metadata=metadata))
        names = [name for one in found for name, value in vars(one).items() if value is not None]
        said = {name: first_said(found, name) for name in names}
        notes = [note for one in found for note in one.notes]
        return {name: value and value[0] for name, value in said.items()} | {"notes": notes}

    return run


def test_nothing_beside_says_nothing(describe) -> None:
    assert describe({}) == {"notes": []}


def test_timm_config_says_classes_and_preprocessing(describe) -> None:
    found = describe(
        {
            "config.json": {
                "architecture": "vit_base_patch14_dinov2",
                "num_classes": 2,
                "num_features": 768,
                "label_names": ["fox", "deer"],
                "pretrained_cfg": {
                    "input_size": [3, 518, 520],
                    "mean": [0.1, 0.2, 0.3],
                    "std": [0.4, 0.5, 0.6],
                    "crop_pct": 0.9,
                    "crop_mode": "center",
                    "license": "apache-2.0",
                },
            }
        }
    )
    assert found["classes"] == ("fox", "deer")
    assert (found["size"], found["resize"]) == ((518, 520), "fit-crop")
    assert (found["scale"], found["mean"], found["std"]) == (255, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert (found["licence"], found["source"]) == ("apache-2.0", "vit_base_patch14_dinov2")
    assert found["notes"] == [
        "timm shows this network the central 90.0% of a photo's shorter side, ctc all of it"
    ]


def test_hugging_face_files_say_classes_and_preprocessing(describe) -> None:
    found = describe(
        {
            "config.json": {
                "model_type": "vit",
                "image_size": 384,
                "id2label": {"1": "deer", "0": "fox"},
                "problem_type": "multi_label_classification",
            },
            "preprocessor_config.json": {
                "do_resize": True,
                "size": {"height": 224, "width": 192},
                "rescale_factor": 0.00392156862745098,
                "image_mean": [0.5, 0.5, 0.5],
                "image_std": [0.25, 0.25, 0.25],
            },
            "README.md": "---\nlanguage: en\nlicense: cc-by-nc-4.0\n---\n# A model\n",
        }
    )
    assert (found["classes"], found["activation"]) == (("fox", "deer"), "sigmoid")
    assert (found["size"], found["resize"]) == ((224, 192), "stretch")
    assert (found["scale"], found["mean"], found["std"]) == (255, (0.5,) * 3, (0.25,) * 3)
    assert found["licence"] == "cc-by-nc-4.0"


@pytest.mark.parametrize(
    ("given", "size", "resize"),
    [
        ({"size": 224, "do_resize": True}, (224, 224), "stretch"),
        ({"size": {"shortest_edge": 256}, "do_resize": True}, (256, 256), "fit-crop"),
        (
            {"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": 224},
            (224, 224),
            "fit-crop",
        ),
        (
            {"size": {"shortest_edge": 256}, "do_center_crop": False, "crop_size": 224},
            (256, 256),
            "fit-crop",
        ),
        ({"size": {"shortest_edge": 384}, "crop_pct": 0.875}, (384, 384), "stretch"),
        ({"size": {"longest_edge": 512}}, (512, 512), "letterbox"),
    ],
)
def test_sizes_of_hugging_face(describe, given, size, resize) -> None:
    found = describe({"preprocessor_config.json": {"do_normalize": True, **given}})
    assert (found["size"], found["resize"]) == (size, resize)


@pytest.mark.parametrize(
    ("given", "scale", "mean"),
    [
        ({"do_rescale": False, "do_normalize": False}, 1, (0, 0, 0)),
        ({"rescale_factor": 1 / 127.5, "rescale_offset": True}, 127.5, (1, 1, 1)),
        ({"do_normalize": True, "image_mean": 0.5}, 255, (0.5, 0.5, 0.5)),
    ],
)
def test_standardisation_of_hugging_face(describe, given, scale, mean) -> None:
    found = describe({"preprocessor_config.json": {"do_resize": True, **given}})
    assert (found["scale"], found["mean"]) == (pytest.approx(scale), mean)


def test_files_above_the_folder_onnx_are_read(describe) -> None:
    config = {"model_type": "vit", "id2label": {"0": "fox"}}
    assert describe({"config.json": config}, "onnx/model.onnx")["classes"] == ("fox",)
    assert "classes" not in describe({"config.json": config}, "other/model.onnx")


def test_ultralytics_metadata_is_read(describe) -> None:
    found = describe(
        {},
        names="{0: 'fox', 1: \"Père David's deer\"}",
        task="classify",
        imgsz="[224, 256]",
        license="AGPL-3.0 License (https://ultralytics.com/license)",
    )
    assert found["classes"] == ("fox", "Père David's deer")
    assert (found["size"], found["resize"]) == ((224, 256), "fit-crop")
    assert found["licence"].startswith("AGPL-3.0")


@pytest.mark.parametrize(
    "names",
    [
        "__import__('pathlib').Path('executed').touch()",
        "{0: 'fox'",
        "(" * 5000 + ")" * 5000,
        "[1, 2] * 1000000000",
        "{0: 'fox', 2: 'deer'}",
    ],
)
def test_names_that_are_no_literal_are_refused(describe, names, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        describe({}, names=names, task="classify")
    assert not Path("executed").exists()


def test_detector_of_ultralytics_is_refused(describe) -> None:
    with pytest.raises(InputError, match="is one of Ultralytics for 'detect', not a classifier"):
        describe({}, names="{0: 'animal'}", task="detect")


def test_animl_metadata_is_read(describe) -> None:
    found = describe({}, class_dict='{"1": "deer", "0": "fox"}')
    assert (found["classes"], found["activation"]) == (("fox", "deer"), "softmax")


def test_birder_metadata_is_read(describe) -> None:
    metadata = {
        "birder_version": "0.8.4",
        "task": "image_classification",
        "class_to_idx": {"deer": 1, "fox": 0},
        "signature": {"inputs": [{"data_shape": [0, 3, 256, 320]}]},
        "rgb_stats": {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2]},
    }
    found = describe({"model.onnx_metadata.json": metadata})
    assert (found["classes"], found["size"]) == (("fox", "deer"), (256, 320))
    assert found["mean"] == (0.5, 0.4, 0.3)
    with pytest.raises(InputError, match="task is 'object_detection'"):
        describe({"model.onnx_metadata.json": metadata | {"task": "object_detection"}})


NEW_MANIFEST = """
[model]
id = "park-animals"
format = "onnx"
file = "model.onnx"
[preprocessing]
method = "letterbox"
input_size = [320, 480]
layout = "nhwc"
normalization = "imagenet"
channel_order = "bgr"
[postprocessing]
method = "sigmoid"
[labels]
file = "labels.csv"
format = "index_name_csv"
"""
OLD_MANIFEST = """
schema_version = 1
[model]
id = "park-animals"
[model.preprocessing]
type = "image_resize_normalize"
input_size = 224
normalization = "unit"
[model.postprocessing]
type = "softmax"
[model.labels]
file = "labels.txt"
"""


def test_manifests_of_sparrow_of_both_generations_are_read(describe) -> None:
    new = describe(
        {"manifest.toml": NEW_MANIFEST, "labels.csv": "index,name\n0,fox\n1,roe, deer\n"}
    )
    assert (new["classes"], new["activation"]) == (("fox", "roe, deer"), "sigmoid")
    assert (new["size"], new["resize"]) == ((320, 480), "letterbox")
    assert (new["layout"], new["channels"], new["mean"][0]) == ("nhwc", "bgr", 0.485)
    assert new["source"] == "park-animals"
    old = describe({"manifest.toml": OLD_MANIFEST, "labels.txt": "fox\ndeer\n"})
    assert (old["classes"], old["activation"]) == (("fox", "deer"), "softmax")
    assert (old["size"], old["resize"], old["scale"]) == ((224, 224), "stretch", 255)


def test_manifest_of_another_network_says_nothing(describe) -> None:
    assert "size" not in describe({"manifest.toml": NEW_MANIFEST}, "another.onnx")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"sigmoid"', '"yolo_e2e"', "read by 'yolo_e2e', those of a detector"),
        ('"imagenet"', '"magic"', "'normalization' in '.*' is 'magic'"),
        ('"labels.csv"', '"../secret.txt"', "names a file outside its folder"),
        ('"labels.csv"', '"none.csv"', "names 'none.csv', which is not beside it"),
        ("[320, 480]", "[320, -1]", "'input_size' in '.*' is .*, not a height and a width"),
        ("[model]", "[model", "is not TOML"),
    ],
)
def test_faults_of_a_manifest_are_named(describe, old, new, message) -> None:
    files = {"manifest.toml": NEW_MANIFEST.replace(old, new), "labels.csv": "0,fox\n"}
    with pytest.raises(InputError, match=message):
        describe(files)


def test_labels_of_speciesnet_beside_the_network_are_read(describe) -> None:
    line = "f1856211-cfb7-4a5b-9158-c0f72fd09ee6;mammalia;carnivora;canidae;vulpes;vulpes;red fox\n"
    info = {"version": "4.0.1a", "type": "always_crop", "classifier": "model.pt"}
    found = describe({"model.labels.txt": line, "info.json": info})
    assert (found["classes"], found["size"]) == (("red fox",), (480, 480))
    assert found["taxonomy"]["red fox"]["genus"] == "vulpes"
    assert found["source"] == "SpeciesNet 4.0.1a"
    assert "crops a photo to the surest box of a detector first" in found["notes"][0]
    named = info | {"classifier_labels": "model.labels.20251208.txt"}
    found = describe({"model.labels.20251208.txt": line, "info.json": named}, "exported.onnx")
    assert (found["classes"], found["source"]) == (("red fox",), "SpeciesNet 4.0.1a")


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "info.json"])
def test_damaged_file_beside_the_network_is_named(describe, name) -> None:
    with pytest.raises(InputError, match=f"{name}' is not JSON"):
        describe({name: "{"})
    with pytest.raises(InputError, match=f"{name}' is no JSON object"):
        describe({name: "[]"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"image_mean": [0.5, "x", 1]}, "'image_mean' in '.*' is .*, not three numbers"),
        ({"image_mean": [0.5, float("nan"), 1]}, "not three numbers"),
        ({"do_resize": True, "size": {"height": 1}}, "'size' in '.*' has no 'width'"),
        ({"do_resize": True, "size": 1e99}, "not a height and a width"),
        ({"do_resize": True, "rescale_factor": "x"}, "is x, not a number"),
    ],
)
def test_wrong_values_are_named(describe, config, message) -> None:
    with pytest.raises(InputError, match=message):
        describe({"preprocessor_config.json": config})
