"""Archives of arrays that others wrote or damaged: refused in one line, never a traceback."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.training.model.npz_file import read_arrays, write_arrays

ABOUT = json.dumps({"format_version": 1})


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def header(text: bytes) -> bytes:
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text


def with_field(data: bytes, local: int, central: int, value: int) -> bytes:
    """Return the archive with a byte of the headers of all its members replaced."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + offset] = value
            at = changed.find(mark, at + 4)
    return bytes(changed)


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    write_arrays(tmp_path / "good.npz", {"a": np.ones((3, 3), np.float32)}, {"x": 1})
    return (tmp_path / "good.npz").read_bytes()


def archive(path: Path, about: str, array: bytes, name: str = "a.npy", method: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("about.json", about)
        file.writestr(name, array)
    return path


def test_arrays_are_read_as_written(tmp_path, good) -> None:
    arrays, metadata = read_arrays(tmp_path / "good.npz")
    assert (list(arrays), metadata) == (["a"], {"x": 1})
    assert arrays["a"].tolist() == np.ones((3, 3)).tolist()


@pytest.mark.parametrize(
    ("about", "array", "message"),
    [
        ("[]", npy(np.zeros(2)), "a list, not a JSON object"),
        ("null", npy(np.zeros(2)), "null, not a JSON object"),
        ("[" * 100_000, npy(np.zeros(2)), "not JSON"),
        ('{"format_version": [1]}', npy(np.zeros(2)), r"has format version \[1\]"),
        (ABOUT, b"x", "is damaged"),
        (ABOUT, npy(np.array([{}], object)), "is damaged"),
        (ABOUT, npy(np.array(["abc"])), "holds str96 values, not numbers"),
        (ABOUT, npy(np.zeros(2, [("x", "f4")])), "not numbers"),
        (ABOUT, npy(np.zeros(2, "M8[s]")), "not numbers"),
        (ABOUT, npy(np.zeros(2)).replace(b"(2,)", b"(99999999999999,)"), "is damaged"),
        (ABOUT, header(900 * b"["), "is damaged"),
        (ABOUT, header(b"{'descr': ['x'], 'fortran_order': False, 'shape': (1,)}"), "is damaged"),
        (ABOUT, header(b"{'descr': '<f4', 'fortran_order': 0, 'shape': (1e3,)}"), "is damaged"),
    ],
)
def test_read_arrays_refuses_other_content(tmp_path, about, array, message) -> None:
    path = archive(tmp_path / "bad.npz", about, array)
    with pytest.raises(InputError, match=message) as refused:
        read_arrays(path)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400 + len(str(path))


def test_read_arrays_refuses_members_that_are_no_arrays(tmp_path) -> None:
    with pytest.raises(InputError, match=r"it holds 'a.txt', which is no array"):
        read_arrays(archive(tmp_path / "bad.npz", ABOUT, b"x", "a.txt"))


def test_read_arrays_refuses_compressed_members(tmp_path) -> None:
    array = npy(np.zeros(1_000_000))
    path = archive(tmp_path / "bomb.npz", ABOUT, array, method=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 20_000
    with pytest.raises(InputError, match=r"'about.json' is compressed"):
        read_arrays(path)


@pytest.mark.parametrize("field", [(6, 8, 1), (8, 10, 99), (4, 6, 200)])
def test_read_arrays_refuses_encrypted_and_unknown_members(tmp_path, good, field) -> None:
    (tmp_path / "bad.npz").write_bytes(with_field(good, *field))
    with pytest.raises(InputError, match="is damaged, or was not written by ctc"):
        read_arrays(tmp_path / "bad.npz")


def outcome(path: Path) -> tuple[set[str], str]:
    """Return the kinds of the arrays in the file, or why it is refused."""
    try:
        arrays, _ = read_arrays(path)
    except InputError as error:
        return set(), str(error)
    return {array.dtype.kind for array in arrays.values()}, ""


def test_read_arrays_of_damaged_bytes_gives_arrays_or_one_line(tmp_path, good) -> None:
    random, path = np.random.default_rng(0), tmp_path / "damaged.npz"
    for number in range(300):
        data = bytearray(good)
        for at in random.integers(len(data), size=3):
            data[at] = random.integers(256)
        path.write_bytes(data[: random.integers(len(data))] if number % 3 == 0 else data)
        kinds, reason = outcome(path)
        assert kinds <= set("biuf")
        assert "\n" not in reason
