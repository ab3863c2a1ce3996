"""Extras from the metadata of distributions."""

from __future__ import annotations

import sys

from ctc.doctor.extras import extras, installed_packages, installed_version

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


def test_extras_reads_the_metadata_of_ctc() -> None:
    found = {extra.name: extra.packages for extra in extras()}
    assert {"cpu", "gpu", "data", "train", "dali"} <= set(found)
    assert set(found["data"]) < set(found["train"])
    assert {"onnxruntime", "pandas", "tensorflow"} <= set(installed_packages())


def test_installed_version_accepts_an_alternative_distribution() -> None:
    assert installed_version("tensorflow") is not None
    assert installed_version("no-such-thing") is None
