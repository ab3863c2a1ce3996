"""From a JPEG to a training image: scaled decode, one affine transform, one colour matrix.

The JPEG is decoded at the smallest scale that is large enough. The heavy calls (simplejpeg, OpenCV)
run outside the GIL. OpenCV warps four channels nearly twice as fast as three, so photos that are
warped are decoded to RGBX.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import local

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import cached_buffer, to_model_input
from ctc.plugin import Augmentation, LoaderConfig

from ..common.apply_colors import apply_color_steps
from ..common.augment import (
    ColorMatrix,
    ViewParams,
    affine_matrix,
    downscale_power,
    fit_aspect,
    fold_in_mean,
)
from ..common.choices import should_preserve_aspect, stacks_photos
from ..common.rand_augment import ColorStep

Pixels = NDArray[np.uint8]


class ImageTransform:
    """Transform from JPEGs to images of one size; thread-safe.

    With every geometric augmentation off the pixels are those of `ctc.images` (grey ones differ by
    rounding). Through the affine transform they differ by less than half a grey level on average,
    unless a side shrinks to less than half after decoding (there `ctc.images` averages and the
    transform picks) or the centre of fit-crop lies between two pixels (`ctc.images` takes whole
    pixels). Stacked photos share their view and keep their colours.
    """

    def __init__(self, config: LoaderConfig, augmentation: Augmentation) -> None:
        self._size = (config.height, config.width)
        self._is_stacked = stacks_photos(config)
        self._preserve_aspect = should_preserve_aspect(config, augmentation)
        self._preprocessing = Preprocessing(
            config.height, config.width, "fit-crop" if self._preserve_aspect else "stretch"
        )
        self._needs_warp = bool(
            augmentation.crop
            or augmentation.zoom
            or augmentation.rotate
            or augmentation.flip
            or augmentation.randaugment
        )
        self._buffers = _ThreadBuffers(self._size)

    def apply(
        self, jpegs: Sequence[memoryview], view: ViewParams, color: ColorMatrix | None, out: Pixels
    ) -> None:
        """Write the image of one photo, or the grey values of up to three, to `out`.

        `out` is uint8 (height, width, 3). Raises ImageError.
        """
        if self._is_stacked:
            self._stack_grayscale(jpegs, view, out)
        elif color is None:
            self._write_rgb(jpegs[0], view, out)
        else:
            rgb = self._buffers.rgb
            self._write_rgb(jpegs[0], view, rgb)
            cv2.transform(rgb, fold_in_mean(color, cv2.mean(rgb)[:3]), dst=out)

    def apply_steps(
        self, jpeg: memoryview, view: ViewParams, steps: Sequence[ColorStep], out: Pixels
    ) -> None:
        """Write the image of a photo, whose colours change by `steps`, to `out`, as `apply`."""
        rgb = self._buffers.rgb if steps else out
        self._write_rgb(jpeg, view, rgb)
        if steps:
            apply_color_steps(rgb, steps, out)

    def _stack_grayscale(self, jpegs: Sequence[memoryview], view: ViewParams, out: Pixels) -> None:
        for channel in range(3):
            if channel < len(jpegs):
                grey = self._decode_and_warp(jpegs[channel], view, "GRAY")
            cv2.insertChannel(grey, out, channel)

    def _write_rgb(self, jpeg: memoryview, view: ViewParams, out: Pixels) -> None:
        if self._needs_warp:
            cv2.cvtColor(self._decode_and_warp(jpeg, view, "RGBX"), cv2.COLOR_RGBA2RGB, dst=out)
        else:
            np.copyto(out, self._decode_and_warp(jpeg, view, "RGB"))

    def _decode_and_warp(self, jpeg: memoryview, view: ViewParams, space: str) -> Pixels:
        """Return what `view` shows of the photo, (height, width) or (height, width, channels)."""
        height, width = _jpeg_size(jpeg)
        if self._preserve_aspect:
            view = fit_aspect(view, (height, width), self._size)
        divisor = 2 ** downscale_power(view, (height, width), self._size)
        photo = self._decode(jpeg, -(-height // divisor), -(-width // divisor), space)
        if not self._needs_warp:
            return to_model_input(photo, self._preprocessing)
        shown: Pixels = cv2.warpAffine(
            photo,
            affine_matrix(view, photo.shape[:2], self._size),
            self._size[::-1],
            dst=self._buffers.rgbx if space == "RGBX" else None,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        return shown

    def _decode(self, jpeg: memoryview, height: int, width: int, space: str) -> Pixels:
        """Return the decoded photo, (height, width, channels).

        The next call in the same thread overwrites it.
        """
        buffer = self._buffers.byte_buffer(height * width * 4)
        try:
            photo: Pixels = simplejpeg.decode_jpeg(
                jpeg, space, True, True, height, width, 1.0, buffer
            )
        except ValueError as error:
            raise ImageError(str(error)) from None
        return photo


class _ThreadBuffers(local):
    """Arrays that a thread reuses: allocating fresh memory costs more than the work on it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.rgb = np.empty((*size, 3), np.uint8)
        self.rgbx = np.empty((*size, 4), np.uint8)
        self._bytes = cached_buffer(0)

    def byte_buffer(self, size: int) -> Pixels:
        """Return a buffer of at least `size` bytes; see `cached_buffer`."""
        if len(self._bytes) < size:
            self._bytes = cached_buffer(size)
        return self._bytes


def _jpeg_size(jpeg: memoryview) -> tuple[int, int]:
    """Return (height, width) of a JPEG.

    Raises ImageError for a CMYK JPEG: libjpeg-turbo gives it wrong colours, and no record of ours
    holds one.
    """
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as error:
        raise ImageError(str(error)) from None
    if colors in ("CMYK", "YCCK"):
        raise ImageError(
            "a CMYK JPEG, where records hold RGB or grey ones: build the dataset with 'ctc dataset'"
        )
    return height, width
