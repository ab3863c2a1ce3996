"""Open a model in a thread, while the caller does something else.

onnxruntime optimizes a network without Python's lock, and takes 0.2 s for one of 45 MB.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future

from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile
from ctc.runtime.session import Model, open_model


class ModelOpening:
    """A model that is being opened, see `open_model`.

    The thread ends with the process: `first_run` tells onnxruntime to stop then.
    """

    def __init__(self, file: ModelFile, runtime: RuntimeConfig) -> None:
        self._model: Future[Model] = Future()
        arguments = file, runtime
        threading.Thread(target=self._open, args=arguments, name="ctc-open", daemon=True).start()

    def result(self) -> Model:
        """Wait for the model; raises what `open_model` raised."""
        return self._model.result()

    def _open(self, file: ModelFile, runtime: RuntimeConfig) -> None:
        try:
            self._model.set_result(open_model(file, runtime))
        except BaseException as error:  # raised where the model is asked for
            self._model.set_exception(error)
