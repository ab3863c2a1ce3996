"""Tests of the loader `tfdata` besides the contract of all loaders."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ctc_plugins.loaders.tfdata.loader import available


def test_available_with_tensorflow() -> None:
    assert available() is None


@pytest.mark.subprocess
def test_available_does_not_import_tensorflow() -> None:
    code = (
        "import sys; from ctc_plugins.loaders.tfdata import loader; loader.available();"
        "print('tensorflow' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )
