"""Distributions of onnxruntime that overwrite each other, and providers that lack a library."""

from __future__ import annotations

import sys
from pathlib import Path

import onnxruntime
import pytest

from ctc.errors import CtcError
from ctc.runtime import installed
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.installed import (
    conflict,
    missing_library,
    onnxruntime_distributions,
    why_not_started,
)
from ctc.runtime.providers import create_session


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages with a stub of onnxruntime, in front of the Python path."""
    (tmp_path / "onnxruntime" / "capi").mkdir(parents=True)
    (tmp_path / "onnxruntime" / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "onnxruntime")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(site: Path, name: str, version: str, file: str = "onnxruntime/__init__.py") -> None:
    about = site / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "RECORD").write_text(f"{file},,\n")


def test_conflict_is_none_with_one_distribution(site: Path) -> None:
    install(site, "onnxruntime-gpu", "1.26.0")
    install(site, "onnxruntime-extensions", "0.14.0", "onnxruntime_extensions/__init__.py")
    assert onnxruntime_distributions() == {"onnxruntime-gpu": "1.26.0"}
    assert conflict() is None


def test_conflict_names_what_to_uninstall(site: Path) -> None:
    install(site, "onnxruntime", "1.32.0")
    install(site, "onnxruntime-openvino", "1.24.1")
    assert conflict("onnxruntime-openvino") == (
        "'onnxruntime' and 'onnxruntime-openvino' overwrite each other's files: pip uninstall "
        "onnxruntime onnxruntime-openvino, then pip install onnxruntime-openvino"
    )


def test_provider_that_a_second_distribution_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    if "OpenVINOExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("OpenVINO is installed")
    both = {"onnxruntime": "1", "onnxruntime-openvino": "1"}
    monkeypatch.setattr(installed, "onnxruntime_distributions", lambda: both)
    with pytest.raises(CtcError, match=r"provider 'openvino' is lost: .* overwrite .* uninstall"):
        create_session(RuntimeConfig("openvino"), lambda *_: None)  # type: ignore[arg-type,return-value]


def test_auto_warns_of_two_distributions(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, model: Path
) -> None:
    from ctc.runtime.session import load_model

    both = {"onnxruntime": "1", "onnxruntime-gpu": "1"}
    monkeypatch.setattr(installed, "onnxruntime_distributions", lambda: both)
    with caplog.at_level("WARNING", "ctc"):
        load_model(model)
    assert "'onnxruntime' and 'onnxruntime-gpu' overwrite each other's files" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="the loader's message is Linux's")
def test_missing_library_is_named(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: str, **_: object) -> None:
        if path.endswith("_cuda.so"):
            raise OSError("libcublasLt.so.12: cannot open shared object file: No such file")

    for name in ("shared", "cuda"):
        (site / "onnxruntime" / "capi" / f"libonnxruntime_providers_{name}.so").touch()
    monkeypatch.setattr("ctc.runtime.installed.ctypes.CDLL", fail)
    assert missing_library("cuda") == "libcublasLt.so.12"
    assert "the library 'libcublasLt.so.12' is missing, see" in why_not_started("cuda")
    assert missing_library("openvino") is None


def test_why_not_started_names_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "missing_library", lambda _: None)
    monkeypatch.setattr(installed, "nvidia_gpus", lambda: 0)
    assert "the NVIDIA driver shows no GPU" in why_not_started("cuda")
    monkeypatch.setattr(installed, "nvidia_gpus", lambda: 1)
    assert "see `ctc doctor`" in why_not_started("cuda")
