"""Files of weights that would read other files, or fill the memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.model_import.keras_files.hdf5 import open_numbers


def write(path: Path, fill: Callable[[Any], None]) -> Path:
    import h5py

    with h5py.File(path, "w") as file:
        fill(file)
    return path


def test_open_numbers_lists_and_reads_arrays(tmp_path: Path) -> None:
    def fill(file: Any) -> None:
        file["a/kernel"] = np.arange(6.0).reshape(2, 3)
        file["optimizer/steps"] = 5
        file.attrs["keras_version"] = b"2.1.6-tf"
        file["a"].attrs["weight_names0"] = np.array([b"x"])
        file["a"].attrs["weight_names1"] = np.array([b"y", b"z"])

    with open_numbers(write(tmp_path / "w.h5", fill)) as numbers:
        assert numbers.shapes == {"a/kernel": (2, 3)}
        assert numbers.read("a/kernel").dtype == np.float32
        assert numbers.read("a/kernel").tolist() == [[0, 1, 2], [3, 4, 5]]
        assert numbers.version() == 2
        assert numbers.names("a", "weight_names") == ("x", "y", "z")
        assert numbers.names("b", "weight_names") is None
        assert numbers.description() is None


def soft_link(file: Any) -> None:
    import h5py

    file["a"] = h5py.SoftLink("/b")


def external_link(file: Any) -> None:
    import h5py

    file["a"] = h5py.ExternalLink("/etc/passwd", "/")


def external_values(file: Any) -> None:
    file.create_dataset("a", (8,), np.uint8, external=[("/etc/hostname", 0, 8)])


def virtual_values(file: Any) -> None:
    import h5py

    layout = h5py.VirtualLayout((2,), np.float32)
    layout[:] = h5py.VirtualSource("/etc/hostname", "data", (2,))
    file.create_virtual_dataset("a", layout)


def huge(file: Any) -> None:
    file.create_dataset("a", (1 << 20, 1 << 12), np.float32, chunks=(1, 1), compression="gzip")


def many_large(file: Any) -> None:
    for number in range(3):
        file.create_dataset(f"a{number}", (1 << 28,), np.float32)


def texts(file: Any) -> None:
    file["a"] = "no number"


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (soft_link, "its 'a' is a link to '/b': links in a file of weights are not followed"),
        (external_link, "its 'a' is a link to '/etc/passwd'"),
        (external_values, "its array 'a' has its values in another file, which is not opened"),
        (virtual_values, "its array 'a' has its values in another file"),
        (huge, r"its array 'a' of shape \(1048576, 4096\) makes more than 2 GiB"),
        (many_large, "its array 'a[12]' of shape .* makes more than 2 GiB"),
        (texts, "its array 'a' holds object, not numbers"),
    ],
)
def test_open_numbers_refuses(fill: Callable[[Any], None], message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "w.h5", fill)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match=message), open_numbers(path):
        pytest.fail("it was opened")


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000])
def test_description_refuses_damaged_json(text: str, tmp_path: Path) -> None:
    path = write(tmp_path / "w.h5", lambda file: file.attrs.update(model_config=text[:60_000]))
    with open_numbers(path) as numbers, pytest.raises(InputError, match="is damaged"):
        numbers.description()


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + b"\0" * 100, b"hello"])
def test_open_numbers_refuses_damaged_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not an HDF5 file, or a damaged one"), open_numbers(path):
        pytest.fail("it was opened")


def test_open_numbers_survives_a_group_in_itself(tmp_path: Path) -> None:
    def fill(file: Any) -> None:
        file["a/kernel"] = [1.0]
        file["a/again"] = file["a"]

    with open_numbers(write(tmp_path / "w.h5", fill)) as numbers:
        assert numbers.shapes == {"a/kernel": (1,)}
