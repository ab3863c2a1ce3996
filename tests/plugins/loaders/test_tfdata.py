"""The loader `tfdata`: what is its own beside the contract of all loaders."""

from __future__ import annotations

import subprocess
import sys

from ctc_plugins.loaders.tfdata.loader import available


def test_it_runs_where_tensorflow_is() -> None:
    assert available() is None


def test_to_ask_whether_it_runs_does_not_import_tensorflow() -> None:
    code = "import sys; from ctc_plugins.loaders.tfdata import loader; loader.available(); print('tensorflow' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )
