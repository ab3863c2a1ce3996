"""An open network of a file, whatever it puts out, and how it is opened.

Only ONNX is loaded, as bytes of limited size, without external data and without custom libraries.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError, MissingExtraError
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.first_run import open_and_run
from ctc.runtime.model_bytes import ModelFile
from ctc.runtime.providers import PROVIDERS, ProviderError, create_session, first_line

if TYPE_CHECKING:
    import onnxruntime

InfoT = TypeVar("InfoT")
Arrays = Mapping[str, NDArray[np.float32]]

_FATAL_ONLY = 4
_OUT_OF_MEMORY = (
    "out of memory",
    "failed to allocate",
    "alloc_failed",
    "bad_alloc",
    "bad allocation",
)

log = logging.getLogger(__name__)


@dataclass
class Network:
    """An open network.

    `runtime`: how it is run; the provider is never `auto`.
    """

    path: Path
    runtime: RuntimeConfig
    session: onnxruntime.InferenceSession
    run_options: onnxruntime.RunOptions
    _run_lock: AbstractContextManager[Any] = field(default_factory=nullcontext)
    _max_batch_size: int | None = None

    @property
    def is_on_device(self) -> bool:
        """Whether the provider is fastest with one large batch at a time."""
        return PROVIDERS[self.runtime.provider].is_device

    def run_in_parts(
        self,
        images: NDArray[Any] | DeviceImages,
        names: Sequence[str],
        check: Callable[[str, NDArray[np.float32], int], None],
    ) -> Arrays:
        """Return the outputs `names` for a batch, float32 (N, …).

        A batch that doesn't fit into memory is halved until it does, and so are all later ones.
        `check(name, values, photos)` raises InputError for an output of another shape. Raises
        InputError when the network can't be run.
        """
        while True:
            largest = self._max_batch_size or len(images)
            parts = [images[at : at + largest] for at in range(0, len(images), largest)]
            try:
                with self._run_lock:
                    answers = [self._run(part, names) for part in parts]
            except _OutOfMemoryError as error:
                self._halve_batch_size(min(largest, len(images)), error)
            else:
                for part, answer in zip(parts, answers, strict=True):
                    for name, values in answer.items():
                        check(name, values, len(part))
                return {
                    name: np.concatenate([answer[name] for answer in answers]) for name in names
                }

    def limit_batch_size(self, size: int) -> None:
        """Never run the network on more than `size` images at a time."""
        self._max_batch_size = size

    def interrupt(self) -> None:
        """Stop the batches that are in the network at the moment; they raise InputError.

        Later batches are not affected. A network may hold a loop that never ends by itself.
        """
        import onnxruntime

        running, self.run_options = self.run_options, onnxruntime.RunOptions()
        running.terminate = True

    def _run(self, images: NDArray[Any] | DeviceImages, names: Sequence[str]) -> Arrays:
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
        return {
            name: np.asarray(values, np.float32)
            for name, values in zip(names, outputs, strict=True)
        }

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


def open_network(
    file: ModelFile,
    runtime: RuntimeConfig,
    read_info: Callable[[onnxruntime.InferenceSession], InfoT],
    empty_input: Callable[[InfoT], NDArray[Any]],
    command: str = "ctc predict",
) -> tuple[InfoT, Network]:
    """Open a file, run it once on `empty_input`, and return what `read_info` says of it.

    `command`: named when onnxruntime is not installed. Raises CtcError for what is not ONNX, for
    what `read_info` refuses, for a provider that doesn't start, and for a network that doesn't
    answer within `first_run.TIMEOUT`.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError(command, "cpu") from None
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)  # errors are raised as well
    found: list[InfoT] = []

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
            found[:] = [read_info(session)]
            return session

        return open_and_run(file.path, open_checked, settings, lambda: empty_input(found[0]))

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
    return found[0], Network(file.path, runtime, session, options, run_lock)


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
