"""Open a model in a thread, while the caller does something else.

onnxruntime optimizes a network without Python's lock, and takes 0.2 s for one of 45 MB.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile

NetworkT = TypeVar("NetworkT")

ABANDON_SECONDS = 5.0


class ModelOpening(Generic[NetworkT]):
    """A model that is being opened by `open_file`, as `open_model` does.

    The thread ends with the process: `first_run` tells onnxruntime to stop then.
    """

    def __init__(
        self,
        open_file: Callable[[ModelFile, RuntimeConfig], NetworkT],
        file: ModelFile,
        runtime: RuntimeConfig,
    ) -> None:
        self._model: Future[NetworkT] = Future()
        arguments = open_file, file, runtime
        self._thread = threading.Thread(
            target=self._open, args=arguments, name="ctc-open", daemon=True
        )
        self._thread.start()

    def result(self) -> NetworkT:
        """Wait for the model; raises what `open_file` raised."""
        return self._model.result()

    def abandon(self) -> None:
        """Wait some seconds for the thread: a process that ends while it loads onnxruntime's
        libraries would crash."""
        self._thread.join(ABANDON_SECONDS)

    def _open(
        self,
        open_file: Callable[[ModelFile, RuntimeConfig], NetworkT],
        file: ModelFile,
        runtime: RuntimeConfig,
    ) -> None:
        try:
            self._model.set_result(open_file(file, runtime))
        except BaseException as error:  # raised where the model is asked for
            self._model.set_exception(error)
