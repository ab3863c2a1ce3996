"""From a JPEG to a training image: decoded at the smallest scale that is large enough, shown through one affine transform and recoloured
by one matrix.

The heavy calls (simplejpeg, OpenCV) run outside the GIL. OpenCV warps four channels nearly twice as fast as three, so what gets warped
is decoded to RGBX.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import local

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import as_input
from ctc.plugin import Augmentation, LoaderConfig

from ..common.augment import Matrix, View, affine, fitted, halvings, with_mean

Pixels = NDArray[np.uint8]


class Darkroom:
    """Develops photos into images of one size; several threads may use it at a time.

    With every geometric augmentation off the pixels are those of `ctc.images` (grey ones differ by rounding). Through the affine they
    differ by less than half a grey level on average, unless a side shrinks to less than half after decoding (there `ctc.images`
    averages and the affine picks) or fit-crop's centre lies between two pixels (`ctc.images` takes whole ones). Stacked photos share
    their view and keep their colours.
    """

    def __init__(self, config: LoaderConfig, augmentation: Augmentation) -> None:
        self._size = (config.height, config.width)
        self._stacked = config.image_choice == "grayscale_stacking"
        self._fit = config.resize == "fit-crop" or augmentation.preserve_aspect
        self._plain = Preprocessing(config.height, config.width, "fit-crop" if self._fit else "stretch")
        self._warps = bool(augmentation.crop or augmentation.zoom or augmentation.rotate or augmentation.flip)
        self._scratch = _Scratch(self._size)

    def develop(self, jpegs: Sequence[memoryview], view: View, color: Matrix | None, into: Pixels) -> None:
        """Write the image of one photo, or the grey values of up to three, `into` uint8 (height, width, 3). Raises ImageError."""
        if self._stacked:
            self._stack(jpegs, view, into)
        elif color is None:
            self._color(jpegs[0], view, into)
        else:
            self._color(jpegs[0], view, self._scratch.rgb)
            mean = cv2.mean(self._scratch.rgb)[:3]
            cv2.transform(self._scratch.rgb, with_mean(color, mean), dst=into)

    def _stack(self, jpegs: Sequence[memoryview], view: View, into: Pixels) -> None:
        for channel in range(3):
            if channel < len(jpegs):
                grey = self._show(jpegs[channel], view, "GRAY")
            cv2.insertChannel(grey, into, channel)

    def _color(self, jpeg: memoryview, view: View, into: Pixels) -> None:
        if self._warps:
            cv2.cvtColor(self._show(jpeg, view, "RGBX"), cv2.COLOR_RGBA2RGB, dst=into)
        else:
            np.copyto(into, self._show(jpeg, view, "RGB"))

    def _show(self, jpeg: memoryview, view: View, space: str) -> Pixels:
        """What `view` shows of the photo, (height, width) or (height, width, channels)."""
        height, width = _size_of(jpeg)
        if self._fit:
            view = fitted(view, (height, width), self._size)
        divisor = 2 ** halvings(view, (height, width), self._size)
        photo = self._decode(jpeg, -(-height // divisor), -(-width // divisor), space)
        if not self._warps:
            return as_input(photo, self._plain)
        shown: Pixels = cv2.warpAffine(
            photo,
            affine(view, photo.shape[:2], self._size),
            self._size[::-1],
            dst=self._scratch.rgbx if space == "RGBX" else None,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        return shown

    def _decode(self, jpeg: memoryview, height: int, width: int, space: str) -> Pixels:
        """(height, width, channels); overwritten by the next call in the same thread."""
        buffer = self._scratch.bytes_for(height * width * 4)
        try:
            photo: Pixels = simplejpeg.decode_jpeg(jpeg, space, True, True, height, width, 1.0, buffer)
        except ValueError as error:
            raise ImageError(str(error)) from None
        return photo


class _Scratch(local):
    """Arrays that a thread writes again and again: fresh memory costs more than what is done with it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.rgb = np.empty((*size, 3), np.uint8)
        self.rgbx = np.empty((*size, 4), np.uint8)
        self._bytes = np.empty(0, np.uint8)

    def bytes_for(self, size: int) -> Pixels:
        """At least `size` bytes."""
        if len(self._bytes) < size:
            self._bytes = np.empty(size, np.uint8)
        return self._bytes


def _size_of(jpeg: memoryview) -> tuple[int, int]:
    """(height, width). libjpeg-turbo gives CMYK wrong colours, and no record of ours holds such a photo."""
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as error:
        raise ImageError(str(error)) from None
    if colors in ("CMYK", "YCCK"):
        raise ImageError("a CMYK JPEG, where records hold RGB or grey ones: build the dataset with 'ctc dataset'")
    return height, width
