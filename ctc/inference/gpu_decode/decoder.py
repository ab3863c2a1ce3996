"""Decode the photos of a batch on a device, and go over to the CPU when that fails."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.images.metadata.photo_header import PhotoHeader
from ctc.inference.gpu_decode.device import GPU_PROVIDER, DaliDevice
from ctc.inference.gpu_decode.geometry import (
    MAX_HALVINGS,
    InputGeometry,
    geometry_arrays,
    input_geometry,
)
from ctc.inference.gpu_decode.graph import GraphConfig, build_pipeline
from ctc.runtime.device_images import DeviceImages

log = logging.getLogger(__name__)

MAX_PIXELS = 64_000_000
"""The largest photo; larger ones would need too much of the GPU's memory, times the batch size."""
MAX_FAILURES_IN_A_ROW = 3
_END_OF_IMAGE = b"\xff\xd9"
_NO_JPEG, _NO_IMAGE = np.empty(0, np.uint8), np.empty((0, 0, 3), np.uint8)
_NO_GEOMETRY = InputGeometry(0, ((1, 1),) * MAX_HALVINGS, (0, 0), (1, 1), (1, 1), (0, 0))


class EncodedPhoto(NamedTuple):
    """A JPEG that is decoded with its batch."""

    jpeg: bytes
    geometry: InputGeometry


class GpuDecoder:
    """Decoder of batches of at most `batch_size` inputs. Threads may share it.

    One batch is decoded at a time, while other threads read the photos of the next one and the
    network runs on the one before.
    """

    def __init__(
        self, preprocessing: Preprocessing, batch_size: int, threads: int, device: DaliDevice
    ) -> None:
        self._preprocessing, self._device = preprocessing, device
        self._config = GraphConfig(
            batch_size,
            (preprocessing.height, preprocessing.width),
            preprocessing.resize == "letterbox",
            threads,
            device,
        )
        self._lock = Lock()
        self._pipeline: Any = None
        self._next: tuple[Any, ...] = ()
        self._failures = self._failures_in_a_row = 0

    def accept(self, data: bytes, header: PhotoHeader | None) -> EncodedPhoto | None:
        """Return a photo that `decode` takes; None for one that the CPU has to decode.

        That is all but whole JPEGs with one scan in Y'CbCr or grey that end with their end marker:
        DALI would show the missing part of others in grey, or their colours wrongly.
        """
        if (
            header is None
            or not (header.is_single_scan and header.is_ycbcr and data.endswith(_END_OF_IMAGE))
            or header.height * header.width > MAX_PIXELS
            or self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW
        ):
            return None
        return EncodedPhoto(data, input_geometry(header, self._preprocessing))

    def decode(
        self, photos: Sequence[EncodedPhoto | None], images: NDArray[np.uint8]
    ) -> DeviceImages | None:
        """Return the inputs of a batch: photos decoded, or, where there is None, the ready image.

        `images`: uint8 (N, height, width, 3), at least as many as photos; further ones are ready.
        Returns None if decoding fails, the first time after a warning.
        """
        with self._lock:
            try:
                found = self._run(photos, images)
            except Exception as error:  # DALI raises almost anything for a photo or a driver
                self._pipeline = None
                self._count_failure(error)
                return None
            self._failures_in_a_row = 0
            return found

    def _run(
        self, photos: Sequence[EncodedPhoto | None], images: NDArray[np.uint8]
    ) -> DeviceImages:
        if self._pipeline is None:
            self._pipeline = build_pipeline(lambda: self._next, self._config)
        slots = [*photos, *[None] * (len(images) - len(photos))]
        self._next = (
            [np.frombuffer(slot.jpeg, np.uint8) if slot else _NO_JPEG for slot in slots],
            [_NO_IMAGE if slot else image for slot, image in zip(slots, images, strict=True)],
            np.array([slot is not None for slot in slots]),
            *geometry_arrays(
                [slot.geometry if slot else _NO_GEOMETRY for slot in slots],
                self._config.has_border,
            ),
        )
        (out,) = self._pipeline.run()
        tensor = out.as_tensor()
        count, height, width, channels = tensor.shape()
        return DeviceImages(
            "cpu" if self._device.gpu is None else GPU_PROVIDER,
            self._device.gpu or 0,
            tensor.data_ptr(),
            (count, height, width, channels),
            tensor,
        )

    def _count_failure(self, error: Exception) -> None:
        self._failures += 1
        self._failures_in_a_row += 1
        if self._failures == 1:
            log.warning("DALI failed on a batch, which the CPU decodes instead: %s", _cause(error))
        if self._failures_in_a_row == MAX_FAILURES_IN_A_ROW:
            log.warning(
                "DALI failed on %d batches in a row: the CPU decodes all further photos",
                MAX_FAILURES_IN_A_ROW,
            )


def _cause(error: Exception) -> str:
    """Return the line of DALI's message that says what happened."""
    text = str(error)
    lines = (text.partition("encountered:")[2] or text).strip().splitlines()
    return lines[0].rstrip(" :.") if lines else type(error).__name__
