from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ctc.storage.cache import CACHE_VARIABLE
from ctc.training.distributed import backend
from ctc.training.distributed.backend import JAX_CACHE

pytestmark = pytest.mark.subprocess


@pytest.mark.parametrize(
    ("keras_backend", "gpus", "kept"),
    [("jax", 1, True), ("jax", 0, False), ("tensorflow", 1, False)],
)
def test_compiled_work_of_jax_for_gpus_is_kept(monkeypatch, tmp_path, keras_backend, gpus, kept):
    monkeypatch.setattr(backend, "nvidia_gpus", lambda: gpus)
    monkeypatch.setenv("KERAS_BACKEND", keras_backend)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setenv(JAX_CACHE, "")
    monkeypatch.delenv(JAX_CACHE)
    backend._keep_compiled_work()
    assert os.environ.get(JAX_CACHE) == (str(tmp_path / "jax") if kept else None)


def test_compiled_work_goes_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setattr(backend, "nvidia_gpus", lambda: 1)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv(JAX_CACHE, "elsewhere")
    backend._keep_compiled_work()
    assert os.environ[JAX_CACHE] == "elsewhere"


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
