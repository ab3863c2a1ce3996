from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.subprocess


def test_start_backend_hides_tensorflow_log():
    """In a new process, where TensorFlow has not been imported."""
    code = "from ctc.training.distributed.backend import start_backend; start_backend()"
    environ = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_start_backend_without_keras_names_the_extra(tmp_path):
    (tmp_path / "keras.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'keras'\", name='keras')"
    )
    code = "from ctc.training.distributed.backend import start_backend; start_backend()"
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=False
    )
    assert "pip install 'camera-trap-classifier[train]'" in done.stderr
