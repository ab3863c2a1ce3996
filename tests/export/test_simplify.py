"""Graph optimization, and the disk that it needs."""

from __future__ import annotations

from types import SimpleNamespace

import onnx
import pytest

from ctc.errors import CtcError
from ctc.export.simplify import simplify


def test_simplify_says_that_the_temporary_folder_is_full(red_model, monkeypatch) -> None:
    monkeypatch.setattr(
        "ctc.export.simplify.shutil.disk_usage", lambda folder: SimpleNamespace(free=10)
    )
    with pytest.raises(CtcError, match=r"the folder for temporary files, '.*', has 0\.0 MB free"):
        simplify(onnx.load(red_model))
