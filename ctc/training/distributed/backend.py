"""Keras and the library it computes with, brought up quietly. Importing this module imports
neither."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from ctc.errors import CtcError, MissingExtraError
from ctc.hardware import usable_cores

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
QUIET = "3"
XLA_FLAGS = "XLA_FLAGS"


def start_backend(*, deterministic: bool = False) -> None:
    """Import Keras with its backend, without the backend's log lines; the user sees them by setting
    TF_CPP_MIN_LOG_LEVEL.

    TensorFlow and JAX take a GPU's memory bit by bit, as they need it: the loader `dali` has to
    find some there too. The user gets back what they do otherwise, take all or most of it at once,
    with TF_FORCE_GPU_ALLOW_GROWTH=false or XLA_PYTHON_CLIENT_PREALLOCATE=true. With `deterministic`
    JAX leaves out the kernels that add in any order; TensorFlow does after `make_deterministic`.

    Call it before importing the other modules of this package. Raises MissingExtraError when
    something isn't installed."""
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if deterministic:
        os.environ[XLA_FLAGS] = (
            f"{os.environ.get(XLA_FLAGS, '')} --xla_gpu_deterministic_ops=true".strip()
        )
    if os.environ.setdefault(LOG_LEVEL, QUIET) != QUIET:
        _import_keras()
        return
    with _hide_native_stderr():
        _import_keras()


def make_deterministic() -> None:
    """From now on the same numbers come out of the same work, where the backend has slower ways to
    do so: TensorFlow has."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()


def library_versions() -> dict[str, str]:
    """The versions that a run depends on: python, ctc, numpy, keras, and the backend under its own
    name."""
    import platform
    from importlib import import_module

    import keras
    import numpy as np

    from ctc._version import __version__

    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        "ctc": __version__,
        "numpy": np.__version__,
        "keras": keras.__version__,
        backend: import_module(backend).__version__,
    }


def device_names() -> tuple[str, ...]:
    """What the backend computes on, as Keras calls it, with its kind: `gpu:0 NVIDIA H200`; of a
    CPU, how many cores may be used."""
    import keras

    names = keras.distribution.list_devices()
    if any(name.startswith("cpu") for name in names):
        return (f"cpu, {usable_cores()} cores",)
    return tuple(
        f"{name} {kind}".rstrip()
        for name, kind in zip(names, _device_kinds(keras.backend.backend()), strict=True)
    )


def _device_kinds(backend: str) -> list[str]:
    if backend == "jax":
        import jax

        return [device.device_kind for device in jax.devices()]
    import tensorflow

    config = tensorflow.config
    details = map(config.experimental.get_device_details, config.list_physical_devices("GPU"))
    return [one.get("device_name", "") for one in details]


def _import_keras() -> None:
    try:
        import keras
    except ModuleNotFoundError as error:
        if error.name == "jax":
            raise MissingExtraError("KERAS_BACKEND=jax", "train,jax") from None
        if error.name not in ("keras", "tensorflow"):
            raise CtcError(
                f"Keras is set to use '{error.name}', which is not installed: unset KERAS_BACKEND"
            ) from None
        raise MissingExtraError("training", "train") from None
    keras.ops.zeros(1)  # brings up the devices, and with them the last of the log lines
    keras.utils.set_random_seed(
        0
    )  # imports TensorFlow to seed it too, where it is installed, whatever the backend


@contextmanager
def native_stdout_to_stderr() -> Iterator[None]:
    """What C++ writes to file descriptor 1 goes to 2: gloo tells there of its connections, and
    stdout is for data."""
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _hide_native_stderr() -> Iterator[None]:
    """Keep what C++ writes to file descriptor 2 away from the user: TensorFlow logs before its log
    level is read (https://github.com/tensorflow/tensorflow/issues/100442)."""
    with tempfile.TemporaryFile() as aside:
        kept = os.dup(2)
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
