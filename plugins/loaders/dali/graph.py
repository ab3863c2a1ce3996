"""The pipeline inside DALI: decode a window of each photo, halve it while it is much too large, bring it into the image by one affine
transform, and, on a GPU, change its colours.

Halving is linear resampling at exactly half the size, that is, the mean of 2 × 2 pixels, which is what libjpeg-turbo's scaled decoding
gives; without antialiasing it is half as dear. `warp_perspective` is on the CPU four times as fast as `warp_affine`. On a GPU photos are
decoded whole, since nvImageCodec 0.9 fails to decode windows there (https://github.com/NVIDIA/nvImageCodec/issues/55).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ctc.plugin import Augmentation, LoaderConfig

from .device import Place
from .geometry import MOST_HALVINGS

_PHOTO_INPUTS = 6
_COLOR_INPUTS = 3


class Recipe(NamedTuple):
    """What a pipeline makes: batches of at most `batch_size` images of `size` (height, width), each from `photos` photos: one in
    colour, or three as grey channels. `colored`: colours change, in the pipeline when the place is portable, else after it. `threads`
    of the CPU work for it."""

    batch_size: int
    size: tuple[int, int]
    photos: int
    colored: bool
    threads: int
    place: Place

    @classmethod
    def of(cls, config: LoaderConfig, augmentation: Augmentation, place: Place) -> Recipe:
        stacked = config.image_choice == "grayscale_stacking"
        colored = augmentation.color != "none" and not stacked
        size = (config.height, config.width)
        return cls(config.batch_size, size, 3 if stacked else 1, colored, config.threads, place)

    @property
    def colored_inside(self) -> bool:
        return self.colored and self.place.portable


def build(inputs: Iterator[tuple[Any, ...]], recipe: Recipe) -> Any:
    """A built `nvidia.dali.Pipeline` with the images, uint8 (N, height, width, 3), as its only output.

    Of each batch `inputs` gives: for each photo JPEGs and the arrays of `frame_arrays`, then, with `colored_inside`, those of
    `color_arrays`; DALI copies them. The memory of an output is not used again as long as somebody holds the output.
    """
    from nvidia.dali import pipeline_def

    define = pipeline_def(
        batch_size=recipe.batch_size,
        num_threads=recipe.threads,
        device_id=recipe.place.gpu,
        enable_conditionals=True,
        exec_dynamic=True,
    )
    pipeline = define(_graph)(inputs, recipe)
    pipeline.build()
    return pipeline


def color_arrays(matrices: Any) -> tuple[Any, ...]:
    """The matrices (N, 3, 7) of `augment.color_matrices` as inputs: by the pixel, by the image's mean, and what is added."""
    of_pixel, of_mean, added = np.split(np.asarray(matrices, np.float32), [3, 6], axis=2)
    return np.ascontiguousarray(of_pixel), np.ascontiguousarray(of_mean), np.ascontiguousarray(added[:, :, 0])


def _graph(inputs: Iterator[tuple[Any, ...]], recipe: Recipe) -> Any:
    from nvidia.dali import fn, types

    integer, real = types.INT32, types.FLOAT
    kinds = [types.UINT8, integer, integer, integer, real, real] * recipe.photos
    ranks = [1, 1, 1, 0, 2, 2] * recipe.photos
    if recipe.colored_inside:
        kinds += [real, real, real]
        ranks += [2, 2, 1]
    fed = fn.external_source(source=inputs, num_outputs=len(kinds), batch=True, dtype=kinds, ndim=ranks)
    shown = [
        _show(recipe, *fed[first : first + _PHOTO_INPUTS])
        for first in range(0, recipe.photos * _PHOTO_INPUTS, _PHOTO_INPUTS)
    ]
    image = shown[0] if recipe.photos == 1 else fn.cat(*shown, axis=2)
    return _recolor(image, *fed[-_COLOR_INPUTS:]) if recipe.colored_inside else image


def _show(recipe: Recipe, jpeg: Any, start: Any, shape: Any, halvings: Any, sizes: Any, matrix: Any) -> Any:
    from nvidia.dali import fn

    photo = _decode(recipe, jpeg, start, shape)
    for times in range(MOST_HALVINGS):
        if halvings > times:
            size = sizes[times]
            photo = fn.resize(photo, size=size, roi_start=[0, 0], roi_end=2 * size, antialias=False)
    if recipe.place.portable:
        return fn.warp_affine(photo, matrix=matrix[:2], size=recipe.size, fill_value=0)
    return fn.experimental.warp_perspective(photo, matrix=matrix, size=recipe.size)


def _decode(recipe: Recipe, jpeg: Any, start: Any, shape: Any) -> Any:
    from nvidia.dali import fn, types

    how = {
        "output_type": types.RGB if recipe.photos == 1 else types.GRAY,
        "use_fast_idct": True,
        "adjust_orientation": False,
    }
    if not recipe.place.portable:
        return fn.decoders.image_slice(jpeg, start=start, shape=shape, axes=[0, 1], **how)
    photo = fn.decoders.image(jpeg, device="cpu" if recipe.place.gpu is None else "mixed", **how)
    return fn.slice(photo, start, shape, axes=[0, 1])


def _recolor(image: Any, of_pixel: Any, of_mean: Any, added: Any) -> Any:
    """The colours as `augment.color_matrices` defines them."""
    from nvidia.dali import fn, types

    mean = fn.reductions.mean(image, axes=[0, 1], keep_dims=True)
    changed = fn.coord_transform(image, M=of_pixel, T=added, dtype=types.FLOAT)
    return fn.cast(changed + fn.coord_transform(mean, M=of_mean), dtype=types.UINT8)
