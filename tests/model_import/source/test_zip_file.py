"""Zip files: which of the many formats they are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from ctc.cli.main import run
from ctc.model_import.source.zip_file import describe_zip


def write_zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return path


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["ctc/__init__.py", "ctc-3.0.dist-info/WHEEL"],
            "a Python package (a wheel), not a file of Keras: unpack it",
        ),
        (["net/data.pkl", "net/version"], "a file of PyTorch, not a file of Keras: export"),
        (["net/data.pkl", "net/constants.pkl"], "a network of PyTorch (TorchScript), not"),
        (["META-INF/MANIFEST.MF"], "a Java archive, not a file of Keras"),
        (["[Content_Types].xml", "word/document.xml"], "an Office document, not"),
        (["readme.txt", "best.onnx"], "a zip archive that holds 'best.onnx': unpack it"),
        (["a.txt"], "a zip file without 'config.json' and 'model.weights.h5' but 'a.txt', so not"),
        (["config.json"], "a zip file without 'model.weights.h5' but 'config.json', so not one of"),
        ([], "a zip file without 'config.json' and 'model.weights.h5', so not one of Keras"),
    ],
)
def test_describe_zip_names_the_format(tmp_path, names, message) -> None:
    found = describe_zip(write_zip(tmp_path / "a.keras", *names))
    assert found is not None
    assert found.startswith(message)


def test_describe_zip_knows_arrays_of_numpy(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(2))
    assert str(describe_zip(tmp_path / "a.npz")).startswith("an archive of NumPy, arrays without")


def test_describe_zip_passes_a_file_of_keras(tmp_path) -> None:
    assert describe_zip(write_zip(tmp_path / "a", "config.json", "model.weights.h5")) is None


def test_describe_zip_finds_damage(tmp_path) -> None:
    path = write_zip(tmp_path / "a.zip", "config.json", "model.weights.h5")
    path.write_bytes(path.read_bytes()[:60])
    assert str(describe_zip(path)).startswith("a damaged zip file (")


@pytest.mark.parametrize("more", [[], ["--detector", "auto"]])
def test_import_command_says_what_a_wheel_is(tmp_path, capsys, more) -> None:
    wheel = write_zip(tmp_path / "ctc-3.0-py3-none-any.whl", "ctc-3.0.dist-info/WHEEL")
    output = tmp_path / "model.onnx"
    assert run(["import", str(wheel), "--output", str(output), *more]) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert f"network '{wheel}' is a Python package (a wheel), not a file of Keras: unpack" in told
    assert not output.exists()
