"""Files that are not what they seem, or that want more than to be read."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from foreign_network import color_graph
from onnx import TensorProto, helper

from ctc.errors import CtcError, InputError, UsageError
from ctc.model_import.source.file_signature import recognize_signature
from ctc.model_import.source.onnx_file import local_network, read_onnx


class Bomb:
    """What leaves a trace if it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("unpickled"),)


def zip_bytes() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Bomb()))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Bomb()), "a Python pickle, .* which could run any code and is not opened"),
        (zip_bytes(), "a file of PyTorch, not a file of Keras: export the network to ONNX"),
        (b"\x1c\0\0\0TFL3" + bytes(64), "a TensorFlow Lite file"),
        ((80).to_bytes(8, "little") + b'{"weight":{}}' + bytes(80), "a safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html><html></html>", "a web page: the address was not that of the file"),
        (b"\x1f\x8b\x08" + bytes(20), "a gzip file: unpack it first"),
        (b"", "an empty file"),
        (b"hello, I am a text", "not an ONNX file, or a damaged one"),
        (b"\x08\x08", "it holds no graph"),
    ],
)
def test_file_of_another_kind_is_named_and_not_opened(
    tmp_path, monkeypatch, content, message
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "network.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_onnx(path, path)
    assert not Path("unpickled").exists()


def test_truncated_network_is_refused(write_network) -> None:
    path = write_network()
    data = path.read_bytes()
    for size in range(20, len(data) - 1, 37):
        path.write_bytes(data[:size])
        with pytest.raises(InputError, match=r"network '.*network.onnx' is "):
            read_onnx(path, path)


def test_folder_and_missing_file_and_model_file_are_refused(tmp_path, model) -> None:
    with pytest.raises(UsageError, match=r"is a folder.* give the network's file in it"):
        local_network(tmp_path)
    with pytest.raises(UsageError, match=r"network '.*none.onnx' is not there"):
        local_network(tmp_path / "none.onnx")
    with pytest.raises(UsageError, match="is a model file of ctc already: use it as it is"):
        read_onnx(model, model)


def test_operators_of_other_libraries_are_refused(tmp_path) -> None:
    network = color_graph()
    network.graph.node[0].domain = "org.evil"
    network.opset_import.append(helper.make_opsetid("org.evil", 1))
    path = tmp_path / "network.onnx"
    path.write_bytes(network.SerializeToString())
    with pytest.raises(InputError, match=r"onnxruntime lacks \(org.evil.GlobalAveragePool\)"):
        read_onnx(path, path)


def test_opset_that_is_not_known_yet_is_named(tmp_path) -> None:
    network = color_graph()
    network.opset_import[0].version = 99
    path = tmp_path / "network.onnx"
    path.write_bytes(network.SerializeToString())
    with pytest.raises(InputError, match="is of opset 99, newer than this machine's onnx reads"):
        read_onnx(path, path)


def test_functions_of_the_network_itself_are_resolved(tmp_path) -> None:
    network = color_graph()
    function = helper.make_function(
        "own",
        "Pool",
        ["x"],
        ["y"],
        [helper.make_node("GlobalAveragePool", ["x"], ["y"])],
        [helper.make_opsetid("", 18)],
    )
    network.functions.append(function)
    network.opset_import.append(helper.make_opsetid("own", 1))
    network.graph.node[0].op_type, network.graph.node[0].domain = "Pool", "own"
    path = tmp_path / "network.onnx"
    path.write_bytes(network.SerializeToString())
    read = read_onnx(path, path)
    assert next(node.op_type for node in read.graph.node) == "GlobalAveragePool"


def test_huge_constant_without_its_numbers_is_refused(tmp_path, write_network) -> None:
    network = onnx.load(write_network())
    network.graph.initializer[0].dims[:] = [1 << 40, 1 << 20]
    path = tmp_path / "network.onnx"
    path.write_bytes(network.SerializeToString())
    with pytest.raises(InputError, match="is damaged, or not sound ONNX"):
        read_onnx(path, path)


def test_file_larger_than_onnx_can_hold_is_refused(tmp_path) -> None:
    path = tmp_path / "network.onnx"
    with path.open("wb") as file:
        file.truncate((1 << 31) + 5)
    with pytest.raises(InputError, match=r"has 2,147,483,653 bytes, and an ONNX file can hold 2"):
        local_network(path)


def external(path: Path, location: str, **entries: int) -> Path:
    """Write a network whose weights lie in another file."""
    network = color_graph()
    tensor = network.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    path.write_bytes(network.SerializeToString())
    return path


WEIGHTS = np.arange(9, dtype=np.float32)


def test_weights_in_a_file_beside_the_network_are_embedded(tmp_path) -> None:
    path = external(tmp_path / "network.onnx", "weights.bin", offset=4, length=36)
    (tmp_path / "weights.bin").write_bytes(bytes(4) + WEIGHTS.tobytes())
    tensor = read_onnx(path, path).graph.initializer[0]
    assert onnx.numpy_helper.to_array(tensor).ravel().tolist() == WEIGHTS.tolist()
    assert tensor.data_location == TensorProto.DEFAULT


@pytest.mark.parametrize("location", ["../secret.bin", "{tmp}/secret.bin", "link.bin", "", "."])
def test_weights_outside_the_folder_are_not_read(tmp_path, location) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(WEIGHTS.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    path = external(folder / "network.onnx", location.format(tmp=tmp_path))
    with pytest.raises(InputError, match="asks for weights outside its folder"):
        read_onnx(path, path)


def test_weights_that_are_missing_or_too_short_are_refused(tmp_path) -> None:
    path = external(tmp_path / "network.onnx", "weights.bin", offset=0, length=36)
    with pytest.raises(InputError, match=r"'weights.bin', which is not in its folder"):
        read_onnx(path, path)
    (tmp_path / "weights.bin").write_bytes(bytes(20))
    with pytest.raises(InputError, match=r"lie at bytes 0 to 36 of 'weights.bin', which has 20"):
        read_onnx(path, path)
    (tmp_path / "weights.bin").unlink()
    (tmp_path / "weights.bin").mkdir()
    with pytest.raises(CtcError, match=r"'weights.bin', which is not a file"):
        read_onnx(path, path)


def test_signature_of_onnx_is_unknown() -> None:
    assert recognize_signature(color_graph().SerializeToString()) == "unknown"
