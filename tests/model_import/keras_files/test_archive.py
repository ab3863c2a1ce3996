from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ctc.errors import InputError
from ctc.model_import.keras_files.archive import DESCRIPTION, WEIGHTS, open_archive


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    import h5py

    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/dense/vars/0"] = [[1.0, 2.0]]
    return (tmp_path / "w.h5").read_bytes()


def test_open_archive_reads_description_version_and_numbers(tmp_path: Path, weights: bytes) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "2.15.0"}')
        archive.writestr(DESCRIPTION, '{"class_name": "Sequential"}')
        archive.writestr(WEIGHTS, weights)
    with open_archive(path) as (description, version, numbers):
        assert description == {"class_name": "Sequential"}
        assert version == 2
        assert numbers.shapes == {"layers/dense/vars/0": (1, 2)}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "a zip file without 'config.json', so not one of Keras"),
        ({DESCRIPTION: b"{}"}, "a zip file without 'model.weights.h5'"),
        ({DESCRIPTION: b"[1", WEIGHTS: b""}, "it is damaged: not JSON"),
        ({DESCRIPTION: b"{}", WEIGHTS: b"no"}, "it is not an HDF5 file, or a damaged one"),
        ({DESCRIPTION: b"0" * (65 << 20), WEIGHTS: b""}, "its 'config.json' has .* more than"),
    ],
)
def test_open_archive_refuses(members: dict[str, bytes], message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=message), open_archive(path):
        pytest.fail("it was opened")


def test_open_archive_refuses_a_zip_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DESCRIPTION, "{}")
        archive.writestr(WEIGHTS, bytes(100 << 20))
    message = r"expands from .* to 104,857,600 bytes"
    with pytest.raises(InputError, match=message), open_archive(path):
        pytest.fail("it was opened")


def test_open_archive_refuses_a_cut_file(tmp_path: Path, weights: bytes) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(DESCRIPTION, "{}")
        archive.writestr(WEIGHTS, weights)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="it is damaged"), open_archive(path):
        pytest.fail("it was opened")
