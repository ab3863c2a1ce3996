"""Open a model file with onnxruntime and run it.

Only ONNX is loaded, as bytes of limited size, without external data and without custom libraries.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model_file import ModelInfo
from ctc.errors import InputError, MissingExtraError
from ctc.runtime.config import DEFAULT_RUNTIME, RuntimeConfig
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.first_run import open_and_run
from ctc.runtime.metadata import input_shape, read_metadata
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.providers import (
    PROVIDERS,
    ProviderError,
    create_session,
    first_line,
)

if TYPE_CHECKING:
    import onnxruntime

_FATAL_ONLY = 4
_OUT_OF_MEMORY = (
    "out of memory",
    "failed to allocate",
    "alloc_failed",
    "bad_alloc",
    "bad allocation",
)

ModelUse = Literal["labels", "features"]

log = logging.getLogger(__name__)


@dataclass
class Model:
    """An opened model file.

    `info`: its metadata. `runtime`: how it is run; the provider is never `auto`.
    """

    path: Path
    info: ModelInfo
    runtime: RuntimeConfig
    session: onnxruntime.InferenceSession
    run_options: onnxruntime.RunOptions
    _run_lock: AbstractContextManager[Any] = field(default_factory=nullcontext)
    _max_batch_size: int | None = None

    @property
    def is_on_device(self) -> bool:
        """Whether the provider is fastest with one large batch at a time."""
        return PROVIDERS[self.runtime.provider].is_device

    def predict(
        self, images: NDArray[np.uint8] | DeviceImages
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return the probabilities per label, float32 (N, classes), of a batch of images.

        `images`: uint8 (N, height, width, 3), RGB, as `ctc.images.to_model_input` makes them, also
        in the memory of the device that the network runs on.
        Threads may call it at the same time. A batch that doesn't fit into memory is halved until
        it does, and so are all later ones. Raises InputError when the network can't be run.
        """
        return self.run(images, tuple(self.info.labels))

    def run(
        self, images: NDArray[np.uint8] | DeviceImages, outputs: Sequence[str]
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return some outputs of the network, those in `info.outputs`: float32 (N, size) each.

        Like `predict`, which returns those of the labels; onnxruntime skips what only other
        outputs need.
        """
        while True:
            largest = self._max_batch_size or len(images)
            parts = [images[at : at + largest] for at in range(0, len(images), largest)]
            try:
                with self._run_lock:
                    answers = [self._run(part, outputs) for part in parts]
            except _OutOfMemoryError as error:
                self._halve_batch_size(min(largest, len(images)), error)
            else:
                return {
                    name: np.concatenate([answer[name] for answer in answers]) for name in outputs
                }

    def interrupt(self) -> None:
        """Stop the batches that are in the network at the moment; they raise InputError.

        Later batches are not affected. A network may hold a loop that never ends by itself.
        """
        import onnxruntime

        running, self.run_options = self.run_options, onnxruntime.RunOptions()
        running.terminate = True

    def _run(
        self, images: NDArray[np.uint8] | DeviceImages, names: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        try:
            if isinstance(images, DeviceImages):
                outputs = images.run(self.session, names, self.run_options)
            else:
                feed = {self.session.get_inputs()[0].name: images}
                outputs = self.session.run(list(names), feed, self.run_options)
        except Exception as error:  # onnxruntime's exceptions share no base class
            reason = first_line(error)
            if any(sign in str(error).lower() for sign in _OUT_OF_MEMORY):
                raise _OutOfMemoryError(reason) from None
            raise InputError(
                f"model '{self.path}' failed on a batch of {len(images)}: {reason}"
            ) from None
        found = {
            name: np.asarray(values, np.float32)
            for name, values in zip(names, outputs, strict=True)
        }
        for name, values in found.items():
            if values.shape != (len(images), self.info.outputs[name]):
                raise InputError(
                    f"model '{self.path}': output '{name}' has the shape {values.shape}"
                )
        return found

    def _halve_batch_size(self, size: int, error: Exception) -> None:
        if size == 1:
            raise InputError(
                f"model '{self.path}' does not fit into memory, even with batch size 1: {error}"
            )
        if self._max_batch_size is None or self._max_batch_size >= size:
            self._max_batch_size = (size + 1) // 2
            log.warning(
                "out of memory with batch size %d: using batch size %d instead",
                size,
                self._max_batch_size,
            )


class _OutOfMemoryError(Exception):
    """The batch was too large for the provider's memory."""


def load_model(
    path: Path, runtime: RuntimeConfig = DEFAULT_RUNTIME, *, needs: ModelUse = "labels"
) -> Model:
    """Read and open a model file; see `read_model` and `open_model`."""
    return open_model(read_model(path), runtime, needs=needs)


def open_model(
    file: ModelFile, runtime: RuntimeConfig = DEFAULT_RUNTIME, *, needs: ModelUse = "labels"
) -> Model:
    """Open a model that ctc wrote, and run it once.

    `needs`: the outputs that it will be asked for; InputError if it has none of them.

    Raises CtcError for any other file, saying what is missing, for a provider that doesn't start,
    and for a network that doesn't answer within `first_run.TIMEOUT`.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("ctc predict", "cpu") from None
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)  # errors are raised as well
    found: dict[str, ModelInfo] = {}

    def open_session(provider: str, options: Mapping[str, str]) -> onnxruntime.InferenceSession:
        providers: list[Any] = [(provider, dict(options))]
        if provider != PROVIDERS["cpu"].name:  # for the few operations that a provider may lack
            providers.append(PROVIDERS["cpu"].name)
        settings = _session_options(file.path)
        # DirectML doesn't support memory patterns
        settings.enable_mem_pattern = provider != PROVIDERS["directml"].name

        def open_checked() -> onnxruntime.InferenceSession:
            session = onnxruntime.InferenceSession(
                file.data, settings, providers=providers, enable_fallback=False
            )
            found["info"] = read_metadata(file.path, session)
            _check_use(file.path, found["info"], needs)
            return session

        return open_and_run(file.path, open_checked, settings, lambda: input_shape(found["info"]))

    try:
        runtime, session = create_session(runtime, open_session)
    except ProviderError as error:
        if runtime.provider not in ("auto", "cpu"):
            raise
        reason = str(error).partition(": ")[2]
        what = "can't be run" if found else "can't be opened as an ONNX file"
        raise InputError(f"model '{file.path}' {what}: {reason}") from None
    run_lock: AbstractContextManager[Any] = (
        Lock() if PROVIDERS[runtime.provider].is_device else nullcontext()
    )
    options = onnxruntime.RunOptions()
    return Model(file.path, found["info"], runtime, session, options, run_lock)


def _check_use(path: Path, info: ModelInfo, needs: ModelUse) -> None:
    """Raise InputError unless the model has the outputs that it is needed for."""
    if needs == "labels" and not info.labels:
        raise InputError(
            f"model '{path}' has features but no classes: learn classes with `ctc probe`"
        )
    if needs == "features" and info.feature_size is None:
        raise InputError(
            f"model '{path}' has no features: write it again with `ctc export --features` "
            "or `ctc import --features`"
        )


def _session_options(path: Path) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    # one thread per batch: every thread of ours runs the network by itself
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # a model loaded as bytes would read external data from the working directory: point it to a
    # path that can't exist
    nowhere = path.absolute() / "external data is not allowed"
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(nowhere)
    )
    return options
