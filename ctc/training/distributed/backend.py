"""Import of Keras and its backend, without log noise.

Importing this module imports neither.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ctc.errors import CtcError, MissingExtraError
from ctc.hardware import nvidia_gpus, usable_cores
from ctc.storage.cache import compilation_cache_folder

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
QUIET = "3"
XLA_FLAGS = "XLA_FLAGS"
JAX_CACHE = "JAX_COMPILATION_CACHE_DIR"


def start_backend(*, deterministic: bool = False) -> None:
    """Import Keras with its backend.

    Log lines of the backend are hidden unless TF_CPP_MIN_LOG_LEVEL is set.

    TensorFlow and JAX allocate GPU memory as they need it, because the loader `dali` needs some
    too. TF_FORCE_GPU_ALLOW_GROWTH=false or XLA_PYTHON_CLIENT_PREALLOCATE=true restore their
    default, which is to allocate all or most of it at once. With `deterministic` JAX does not use
    kernels whose order of summation varies; for TensorFlow see `make_deterministic`.

    Call this before importing the other modules of this package. Raises MissingExtraError if
    something is not installed.
    """
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    _keep_compiled_work()
    if deterministic:
        os.environ[XLA_FLAGS] = (
            f"{os.environ.get(XLA_FLAGS, '')} --xla_gpu_deterministic_ops=true".strip()
        )
    if os.environ.setdefault(LOG_LEVEL, QUIET) != QUIET:
        _import_keras()
        return
    with _hide_native_stderr():
        _import_keras()


def _keep_compiled_work() -> None:
    """Let JAX keep what it compiles for GPUs, which takes minutes, in ctc's cache folder.

    Not on CPUs: on a shared disk, machines with other CPUs would find code that they can't run. An
    environment without platformdirs, or where the folder can't be written, goes without.
    """
    if os.environ.get("KERAS_BACKEND") != "jax" or JAX_CACHE in os.environ or not nvidia_gpus():
        return
    with suppress(CtcError, ModuleNotFoundError):
        os.environ[JAX_CACHE] = str(compilation_cache_folder())


def make_deterministic() -> None:
    """Use deterministic kernels from now on; needed for TensorFlow only."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()


def library_versions() -> dict[str, str]:
    """Return the versions that a run depends on: python, ctc, numpy, keras and the backend."""
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
    """Return the devices of the backend, such as `gpu:0 NVIDIA H200` or `cpu, 8 cores`.

    Cores are those that this process may use.
    """
    import keras

    names = keras.distribution.list_devices()
    if any(name.startswith("cpu") for name in names):
        return (f"cpu, {usable_cores()} cores",)
    return tuple(
        f"{name} {kind}".rstrip()
        for name, kind in zip(names, _device_kinds(keras.backend.backend()), strict=True)
    )


def keras_gpus() -> list[str]:
    """Return Keras's names of the GPUs that its backend can use, such as `gpu:0`."""
    import keras

    names = keras.distribution.list_devices()
    return [name for name in names if name.startswith(("gpu", "cuda"))]


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
    keras.ops.zeros(1)  # initializes the devices, which writes the last of the log lines
    # imports TensorFlow, to seed it too, where it is installed, whatever the backend
    keras.utils.set_random_seed(0)


@contextmanager
def native_stdout_to_stderr() -> Iterator[None]:
    """Redirect file descriptor 1 to 2 in the block.

    gloo, in C++, logs its connections to stdout, which is for data.
    """
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


@contextmanager
def _hide_native_stderr() -> Iterator[None]:
    """Hide what C++ writes to file descriptor 2 in the block.

    TensorFlow logs before it reads its log level
    (https://github.com/tensorflow/tensorflow/issues/100442).
    """
    with tempfile.TemporaryFile() as hidden:
        saved = os.dup(2)
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
