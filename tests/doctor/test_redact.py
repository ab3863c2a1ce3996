"""Private names in findings."""

from __future__ import annotations

import getpass
import platform
from pathlib import Path

import pytest

from ctc.doctor.finding import Finding
from ctc.doctor.redact import Redactor


def redacted(text: str, *folders: Path) -> str:
    return Redactor(folders).redact(Finding("check", "ok", text)).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model '/home/anna/my models/m.onnx' is gone", "model '…/m.onnx' is gone"),
        ("can't open /usr/lib/libcuda.so.1: missing", "can't open …/libcuda.so.1: missing"),
        (r"no file 'C:\Users\Anna\m.onnx'", "no file '…/m.onnx'"),
        ("see https://example.org/a/b.html", "see https://example.org/a/b.html"),
        ("487 photos/s, 1/2 of 3 MB/s", "487 photos/s, 1/2 of 3 MB/s"),
        ("'/data' is full", "'/data' is full"),
    ],
)
def test_redactor_hides_folders_and_nothing_else(text: str, expected: str) -> None:
    assert redacted(text) == expected


def test_redactor_hides_a_given_folder_completely() -> None:
    assert redacted("'/data/of anna/x' is full", Path("/data/of anna/x")) == "'…' is full"


def test_redactor_hides_user_and_machine() -> None:
    names = [name for name in (getpass.getuser(), platform.node()) if len(name) > 2]
    text = redacted(f"by {' at '.join(names)}, unrooted")
    assert not any(name in text.split() for name in names)
    assert text.endswith("unrooted")


def test_redactor_redacts_values_for_programs() -> None:
    found = Finding("check", "ok", "", {"a": ["/x/y/z"], "b": {"c": "/x/y/z"}, "d": 1})
    assert Redactor(()).redact(found).values == {"a": ["…/z"], "b": {"c": "…/z"}, "d": 1}
