"""The metadata of an ONNX file, read without its network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.onnx_metadata import read_onnx_metadata
from ctc.errors import InputError


def test_read_onnx_metadata_reads_what_onnx_reads(model: Path) -> None:
    expected = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    assert expected
    assert read_onnx_metadata(model) == expected
    assert ModelInfo.from_metadata(read_onnx_metadata(model)).labels["species"] == ("fox", "wolf")


def test_read_onnx_metadata_of_a_file_with_all_other_fields(model: Path) -> None:
    made = onnx.load(model)
    made.producer_name, made.doc_string, made.model_version = "tester", "é" * 300, 2**62
    onnx.save(made, model)
    assert read_onnx_metadata(model)["ctc_format_version"] == "1"


def test_read_onnx_metadata_without_any(build_model: Callable[..., Path]) -> None:
    assert read_onnx_metadata(build_model(metadata={})) == {}


def test_read_onnx_metadata_refuses_a_file_that_was_cut_off(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:300])
    with pytest.raises(InputError, match="not an ONNX file, or one that was cut off"):
        read_onnx_metadata(model)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x02}q\x00.", b"<html>not found</html>", b"\xff" * 50, b"\x00" * 50, b"\x08\x08"],
    ids=["empty", "pickle", "html", "ones", "zeros", "without a graph"],
)
def test_read_onnx_metadata_refuses_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not an ONNX file"):
        read_onnx_metadata(path)
