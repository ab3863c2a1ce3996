"""A model of a list becomes a model file; one that is not as listed leaves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ctc.errors import CtcError, InputError
from ctc.model_import.catalogue.get_model import get_model
from ctc.model_import.catalogue.model_list import read_list
from ctc.reporting import NullReporter


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
    from hashlib import sha256

    page = b"<html>please log in</html>" * 100
    (tmp_path / "site" / "park.onnx").write_bytes(page)
    changed = {**entry, "size": len(page), "sha256": sha256(page).hexdigest()}
    with pytest.raises(CtcError, match=r"park\.onnx"):
        get(write_list(changed), tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()
