"""A batch of network inputs that several threads fill.

The thread that fills the last slot runs the network on the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import Failure
from ctc.inference.config import TruncatedPolicy
from ctc.inference.gpu_decode.decoder import GpuDecoder
from ctc.inference.pipeline.inputs import DecodeResult, decode_encoded
from ctc.inference.task import PhotoModel
from ctc.runtime.device_images import DeviceImages


class Fillable(Protocol):
    """An object that can write one network input into its slot of a batch."""

    def fill(
        self,
        slot: NDArray[np.uint8],
        preprocessing: Preprocessing,
        truncated: TruncatedPolicy,
        kept_size: tuple[int, int] | None = None,
    ) -> DecodeResult:
        """Fill `slot`, uint8 (height, width, 3), and return which photos it shows and which failed.

        Without a photo it is filled with zeros. `kept_size`: see `PhotoModel`.
        """


InputT = TypeVar("InputT", bound=Fillable)


class InputResult(NamedTuple, Generic[InputT]):
    """The result of one network input: the task's results of its photos, and failures."""

    model_input: InputT
    photos: tuple[Any, ...]
    failures: tuple[Failure, ...]


class InferenceBatch(Generic[InputT]):
    """A batch and the future of its results.

    `results` is done when every slot is filled and the network has run, or holds the exception.
    `buffer`, uint8 (size, height, width, 3), may have more slots than there are inputs: the network
    always gets all of them, since many providers tune for one batch size. `decoder`: that of the
    inputs.
    """

    def __init__(
        self,
        inputs: Sequence[InputT],
        buffer: NDArray[np.uint8],
        decoder: GpuDecoder | None = None,
    ) -> None:
        self.inputs = inputs
        self.buffer = buffer
        self._decoder = decoder
        self.results: Future[list[InputResult[InputT]]] = Future()
        self._decoded: list[DecodeResult | None] = [None] * len(inputs)
        self._remaining = len(inputs)
        self._lock = Lock()
        buffer[len(inputs) :] = 0

    def fill(self, index: int, model: PhotoModel[Any, Any], truncated: TruncatedPolicy) -> None:
        """Fill slot `index`; any exception goes to `results`."""
        try:
            decoded = self.inputs[index].fill(
                self.buffer[index], model.preprocessing, truncated, model.kept_size
            )
            if self._store_and_check_full(index, decoded):
                self.results.set_result(self._run_model(model, truncated))
        except BaseException as error:
            with self._lock:
                if not self.results.done():
                    self.results.set_exception(error)

    def _store_and_check_full(self, index: int, decoded: DecodeResult) -> bool:
        with self._lock:
            self._decoded[index] = decoded
            self._remaining -= 1
            return not self._remaining

    def _run_model(
        self, model: PhotoModel[Any, Any], truncated: TruncatedPolicy
    ) -> list[InputResult[InputT]]:
        images = self._decode_encoded(model, truncated)
        filled = [one for one in self._decoded if one]
        if not any(one.photos for one in filled):
            return [
                InputResult(model_input, (), one.failures)
                for model_input, one in zip(self.inputs, filled, strict=True)
            ]
        answers = model.answers(model.run(images), [one.photos for one in filled])
        return [
            _input_result(model_input, one, model, answer)
            for model_input, one, answer in zip(self.inputs, filled, answers, strict=True)
        ]

    def _decode_encoded(
        self, model: PhotoModel[Any, Any], truncated: TruncatedPolicy
    ) -> NDArray[np.uint8] | DeviceImages:
        """Return the images of the batch, after the photos that were left for the decoder."""
        encoded = [one and one.encoded for one in self._decoded]
        if self._decoder is None or not any(encoded):
            return self.buffer
        images = self._decoder.decode(encoded, self.buffer)
        if images is not None:
            return images
        for index, one in enumerate(self._decoded):
            if one and one.encoded:
                self._decoded[index] = decode_encoded(
                    one, self.buffer[index], model.preprocessing, truncated
                )
        return self.buffer


def _input_result(
    model_input: InputT, decoded: DecodeResult, model: PhotoModel[Any, Any], answer: Any
) -> InputResult[InputT]:
    if answer is None:
        lost = tuple(
            Failure(photo.path, "the model's answer is not a number", meta=photo.meta or {})
            for photo in decoded.photos
        )
        return InputResult(model_input, (), decoded.failures + lost)
    photos = tuple(model.photo(photo, answer) for photo in decoded.photos)
    return InputResult(model_input, photos, decoded.failures)
