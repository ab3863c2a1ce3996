"""The checks of `ctc doctor` that concern the installed onnxruntime."""

from __future__ import annotations

import pytest

from ctc.doctor import checks
from ctc.runtime import installed


@pytest.mark.parametrize(
    ("found", "status", "text"),
    [
        ({"onnxruntime": "1.32.0"}, "ok", "onnxruntime 1.32.0"),
        ({}, "absent", "install the extra cpu, gpu or openvino"),
        (
            {"onnxruntime": "1.32.0", "onnxruntime-gpu": "1.26.0"},
            "failed",
            "'onnxruntime' and 'onnxruntime-gpu' overwrite each other's files: pip uninstall",
        ),
    ],
)
def test_check_onnxruntime_fails_for_two_distributions(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, str], status: str, text: str
) -> None:
    monkeypatch.setattr(installed, "onnxruntime_distributions", lambda: found)
    monkeypatch.setattr(checks, "onnxruntime_distributions", lambda: found)
    finding = checks._check_onnxruntime()
    assert finding.status == status
    assert text in finding.text
    assert finding.values == found
