"""A model of a list becomes a model file; one that is not as listed leaves nothing."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from foreign_network import CLASSES

from ctc.artifacts.model.detector import DetectorInfo
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.onnx_metadata import read_onnx_metadata
from ctc.errors import CtcError, InputError
from ctc.model_import.catalogue.get_model import get_model
from ctc.model_import.catalogue.local_models import find_local_models
from ctc.model_import.catalogue.model_list import read_list
from ctc.reporting import NullReporter

WILDLIFE = {"category": {"wildlife": "animal", "1": "human"}}


def get(path: Path, output: Path) -> None:
    found = read_list(path)
    get_model(found, found.models[0], output, NullReporter())


def test_get_model_copies_a_file_of_ctc(
    entry: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    get(write_list(entry), tmp_path / "out.onnx")
    assert (tmp_path / "out.onnx").read_bytes() == (tmp_path / "site/park.onnx").read_bytes()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "features"}, "it gives no features"),
        ({"classes": 7}, "it has 4 classes, not 7"),
        ({"classes": ["fox", "lynx"]}, "it has no class 'lynx'"),
        ({"input_size": [12, 8]}, "its input has 8x12 pixels, not 12x8"),
    ],
)
def test_get_model_refuses_another_model_than_listed(
    changes: dict[str, Any], reason: str, entry: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"'park-species' is not what the list says: {reason}"):
        get(write_list({**entry, **changes}), tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize("classes", [2, 4, None, ["2+", "1"], ["1", "2+", "fox", "wolf"]])
def test_get_model_takes_the_classes_of_one_label_or_all(
    classes: Any, entry: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    get(write_list({**entry, "classes": classes}), tmp_path / "out.onnx")
    assert (tmp_path / "out.onnx").is_file()


def test_get_model_refuses_a_file_that_is_no_network(
    entry: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    page = b"<html>please log in</html>" * 100
    (tmp_path / "site" / "park.onnx").write_bytes(page)
    changed = {**entry, "size": len(page), "sha256": sha256(page).hexdigest()}
    with pytest.raises(CtcError, match=r"park\.onnx"):
        get(write_list(changed), tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


@pytest.fixture
def foreign(write_network: Any, entry: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """An entry for a network of another program, with its classes beside it."""
    data = write_network().read_bytes()
    (tmp_path / "site" / "net.onnx").write_bytes(data)
    names = "\n".join(CLASSES).encode()
    (tmp_path / "site" / "names.txt").write_bytes(names)
    return {
        "name": "foreign",
        "kind": "classifier",
        "url": "net.onnx",
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "beside": [{"url": "names.txt", "size": len(names), "sha256": sha256(names).hexdigest()}],
        "licence": "CC0-1.0",
        "page": "https://example.org/foreign",
        "import": {"classes": "names.txt", "label": "animal", "resize": "letterbox"},
    }


def test_get_model_imports_a_network_with_the_options_of_the_list(
    foreign: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    get(write_list(foreign), tmp_path / "out.onnx")
    info = ModelInfo.from_metadata(read_onnx_metadata(tmp_path / "out.onnx"))
    assert info.labels == {"animal": tuple(CLASSES)}
    assert info.preprocessing.resize == "letterbox"
    assert info.licence == "CC0-1.0"
    assert info.source["sha256"] == foreign["sha256"]
    assert "https://example.org/foreign" in info.source.values()


def test_get_model_tells_the_options_of_the_list(
    foreign: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    class Told(NullReporter):
        def info(self, message: str) -> None:
            lines.append(message)

    lines: list[str] = []
    changed = {**foreign, "import": {**foreign["import"], "size": [16, 16], "mean": [0, 0.5, 1]}}
    found = read_list(write_list(changed))
    get_model(found, found.models[0], tmp_path / "out.onnx", Told())
    assert lines[0] == (
        "options of `ctc import` in the list: --size 16x16 --classes names.txt --label animal "
        "--resize letterbox --mean 0,0.5,1"
    )
    assert any("max difference" in line for line in lines)


def test_get_model_takes_the_classes_that_the_list_itself_names(
    foreign: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    names = [f"class {name}" for name in CLASSES]
    get(write_list({**foreign, "classes": names, "import": {}}), tmp_path / "out.onnx")
    info = ModelInfo.from_metadata(read_onnx_metadata(tmp_path / "out.onnx"))
    assert list(info.labels["species"]) == names


def test_get_model_writes_nothing_if_the_import_fails(
    foreign: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    with pytest.raises(CtcError, match="classes"):
        get(write_list({**foreign, "classes": ["one"], "import": {}}), tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


@pytest.fixture
def detector(write_bright_detector: Any, tmp_path: Path) -> dict[str, Any]:
    """An entry for a detector that says nothing of itself."""
    (tmp_path / "site").mkdir()
    data = write_bright_detector(tmp_path / "site" / "boxes.onnx", metadata={}).read_bytes()
    return {
        "name": "boxes",
        "kind": "detector",
        "url": "boxes.onnx",
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "licence": "MIT",
        "classes": ["wildlife", "ranger", "car"],
        "input_size": [64, 64],
        "import": {"detector": "yolov8", "category": {"ranger": "human"}, "iou": 0.6},
    }


def test_get_model_imports_a_detector(
    detector: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    output = tmp_path / "out.onnx"
    get(write_list({**detector, "import": {**detector["import"], **WILDLIFE}}), output)
    info = DetectorInfo.from_metadata(read_onnx_metadata(output))
    assert [(one.name, one.type) for one in info.categories] == [
        ("wildlife", "animal"),
        ("ranger", "human"),
        ("car", "vehicle"),
    ]
    assert (info.layout, info.max_iou, info.licence) == ("yolov8", 0.6, "MIT")
    data = output.read_bytes()
    again = {**detector, "url": "mine.onnx", "size": len(data), "import": {}}
    (tmp_path / "site" / "mine.onnx").write_bytes(data)
    path = write_list({**again, "sha256": sha256(data).hexdigest()})
    get(path, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == data
    (found,) = find_local_models([tmp_path / "site"])[1:]
    assert found.kind == "detector"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "classifier", "import": {}}, "it is a detector"),
        ({"classes": 4}, "it has 3 classes, not 4"),
        ({"classes": ["wildlife", "ranger", "bus"]}, "it has no class 'bus'"),
        ({"input_size": [32, 32]}, "its input has 64x64 pixels, not 32x32"),
        ({"licence": "Apache-2.0"}, "its licence is 'MIT', not 'Apache-2.0'"),
    ],
)
def test_get_model_refuses_another_detector_than_listed(
    changes: dict[str, Any],
    reason: str,
    detector: dict[str, Any],
    write_list: Any,
    tmp_path: Path,
) -> None:
    output = tmp_path / "out.onnx"
    get(write_list({**detector, "import": {**detector["import"], **WILDLIFE}}), output)
    data = output.read_bytes()
    (tmp_path / "site" / "boxes.onnx").write_bytes(data)
    ours = {**detector, "size": len(data), "sha256": sha256(data).hexdigest(), **changes}
    with pytest.raises(InputError, match=rf"'boxes' is not what the list says: {reason}"):
        get(write_list(ours), tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()


def test_get_model_refuses_a_classifier_as_detector(
    entry: dict[str, Any], write_list: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="it is no detector"):
        get(write_list({**entry, "kind": "detector"}), tmp_path / "out.onnx")
