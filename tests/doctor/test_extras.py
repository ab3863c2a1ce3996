"""Extras from the metadata of distributions."""

from __future__ import annotations

import sys

import pytest

from ctc.doctor.extras import core_packages, extras, installed_packages, installed_version

LINES = [
    "click>=8.5",
    'pytest>=8; extra == "data"',
    'no-such-thing>=1; extra == "data"',
    "camera-trap-classifier[data]; extra == 'train'",
    'tensorflow>=2.18; extra == "train"',
    f'here>=1; sys_platform == "{sys.platform}" and extra == "gpu"',
    'elsewhere>=1; sys_platform == "atari" and extra == "gpu"',
    'no-such-thing; extra == "docs"',
    'camera-trap-classifier[data,train]; extra == "test"',
]


def test_extras_include_the_packages_of_nested_extras() -> None:
    found = {extra.name: (tuple(extra.packages), extra.missing) for extra in extras(LINES)}
    assert found == {
        "data": (("pytest", "no-such-thing"), ("no-such-thing",)),
        "train": (("pytest", "no-such-thing", "tensorflow"), ("no-such-thing",)),
        "gpu": (("here",), ("here",)),
    }


def test_core_packages_need_no_extra() -> None:
    found = core_packages([*LINES, "numpy>=1.26", 'colorama; sys_platform == "atari"'])
    assert tuple(found.packages) == ("click", "numpy")
    assert not found.missing


def test_extras_look_into_extras_of_other_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    def metadata(name: str) -> list[str]:
        return ['nvidia-cublas-cu12<13; extra == "and-cuda"', "numpy"]

    monkeypatch.setattr("ctc.doctor.extras.requires", metadata)
    (found,) = extras(['tensorflow[and-cuda]>=2.18; extra == "train-gpu"'])
    assert tuple(found.packages) == ("tensorflow", "nvidia-cublas-cu12")
    (found,) = extras(['tensorflow[rocm]>=2.18; extra == "train-gpu"'])
    assert found.missing == ("tensorflow[rocm]",)
    (found,) = extras(['no-such-thing[cuda]; extra == "gpu"'])
    assert tuple(found.packages) == ("no-such-thing",)


def test_extras_reads_the_metadata_of_ctc() -> None:
    found = {extra.name: extra.packages for extra in extras()}
    assert {"cpu", "gpu", "data", "train", "dali"} <= set(found)
    assert set(found["data"]) < set(found["train"])
    assert {"onnxruntime", "pandas", "tensorflow"} <= set(installed_packages())
    assert {"numpy", "pillow", "simplejpeg", "opencv-python-headless"} <= set(installed_packages())


def test_installed_version_accepts_an_alternative_distribution() -> None:
    assert installed_version("tensorflow") is not None
    assert installed_version("no-such-thing") is None
