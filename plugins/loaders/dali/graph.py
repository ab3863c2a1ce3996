"""DALI pipeline: decode a window of each photo, halve it, warp it, change its colours.

One affine transform brings the window into the image; colours change here on a GPU only. Halving is
linear resampling at exactly half the size, that is, the mean of 2 × 2 pixels, as in libjpeg-turbo's
scaled decoding; without antialiasing it costs half as much. `warp_perspective` is four times as
fast as `warp_affine` on the CPU. On a GPU photos are decoded whole, since nvImageCodec 0.9 fails to
decode windows there (https://github.com/NVIDIA/nvImageCodec/issues/55).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ctc.plugin import Augmentation, LoaderConfig

from ..common.choices import STACKED_PHOTOS, should_recolor, stacks_photos
from .device import DaliDevice
from .geometry import MAX_DOWNSCALE_POWER
from .graph_distortions import COLOR_INPUTS, STEP_INPUTS, apply_step, erase, recolor

HW_DECODER_LOAD = 0.75
"""Share of the photos that the GPU's JPEG decoder takes; its kernels decode the others.

NVIDIA measured the most images per second with 75 % on an A100
(https://developer.nvidia.com/blog/loading-data-fast-with-dali-and-new-jpeg-decoder-in-a100/). Not
measured here: benchmarks/gpu/checks.py does.
"""

_PHOTO_INPUTS = 6


class DaliConfig(NamedTuple):
    """Output of a pipeline.

    Batches hold at most `batch_size` images of `size` (height, width), each from
    `photos_per_sample` photos: one in colour, or three as grey channels. `should_recolor` means
    that colours change: in the pipeline when the device is portable, else after it; `color_steps`:
    in at most so many steps, 0 without RandAugment. `erases`: boxes are erased, in the same place.
    `threads` is the number of CPU threads.
    """

    batch_size: int
    size: tuple[int, int]
    photos_per_sample: int
    should_recolor: bool
    threads: int
    device: DaliDevice
    color_steps: int = 0
    erases: bool = False

    @classmethod
    def from_config(
        cls, config: LoaderConfig, augmentation: Augmentation, device: DaliDevice
    ) -> DaliConfig:
        """Return the configuration of the pipeline for a loader configuration."""
        photos = STACKED_PHOTOS if stacks_photos(config) else 1
        recolor = should_recolor(config, augmentation)
        size = (config.height, config.width)
        # the colour augmentation and the operations of RandAugment; stacked photos keep their grey
        steps = 0 if stacks_photos(config) else augmentation.randaugment
        return cls(
            config.batch_size,
            size,
            photos,
            recolor,
            config.threads,
            device,
            steps + 1 if steps else 0,
            bool(augmentation.random_erasing),
        )

    @property
    def color_inputs(self) -> tuple[Any, ...]:
        """Data type and rank of each input of the pipeline for colours, then for erasing."""
        from nvidia.dali import types

        if not self.device.is_portable:
            return ()
        matrices = [(types.FLOAT, 2), (types.FLOAT, 2), (types.FLOAT, 1)]
        if self.color_steps:
            colors = [(types.INT32, 0), *matrices, (types.UINT8, 0)] * self.color_steps
        else:
            colors = matrices if self.should_recolor else []
        erasing = [(types.FLOAT, 1)] * 3 if self.erases else []
        return (*colors, *erasing)


def build_pipeline(inputs: Iterator[tuple[Any, ...]], dali_config: DaliConfig) -> Any:
    """Return a built `nvidia.dali.Pipeline` whose only output is uint8 (N, height, width, 3).

    For each batch `inputs` yields the JPEGs and the arrays of `geometry_arrays` for each photo,
    then, if the device is portable, those of `color_arrays` or `step_arrays` and of
    `erasure_arrays`, where these are on; DALI copies them. The memory of an output is not reused as
    long as somebody holds the output.
    """
    from nvidia.dali import pipeline_def

    define = pipeline_def(
        batch_size=dali_config.batch_size,
        num_threads=dali_config.threads,
        device_id=dali_config.device.gpu,
        enable_conditionals=True,
        exec_dynamic=True,
    )
    pipeline = define(_graph)(inputs, dali_config)
    pipeline.build()
    return pipeline


def color_arrays(matrices: Any) -> tuple[Any, ...]:
    """Split the matrices (N, 3, 7) of `color_matrices` into the inputs of the pipeline.

    They are the factors of the pixel, the factors of the image's mean, and the offset.
    """
    of_pixel, of_mean, added = np.split(np.asarray(matrices, np.float32), [3, 6], axis=2)
    return (
        np.ascontiguousarray(of_pixel),
        np.ascontiguousarray(of_mean),
        np.ascontiguousarray(added[:, :, 0]),
    )


def _graph(inputs: Iterator[tuple[Any, ...]], dali_config: DaliConfig) -> Any:
    from nvidia.dali import fn, types

    integer, real = types.INT32, types.FLOAT
    kinds = [types.UINT8, integer, integer, integer, real, real] * dali_config.photos_per_sample
    ranks = [1, 1, 1, 0, 2, 2] * dali_config.photos_per_sample
    for kind, rank in dali_config.color_inputs:
        kinds.append(kind)
        ranks.append(rank)
    fed = fn.external_source(
        source=inputs, num_outputs=len(kinds), batch=True, dtype=kinds, ndim=ranks
    )
    shown = [
        _transform_photo(dali_config, *fed[first : first + _PHOTO_INPUTS])
        for first in range(0, dali_config.photos_per_sample * _PHOTO_INPUTS, _PHOTO_INPUTS)
    ]
    image = shown[0] if dali_config.photos_per_sample == 1 else fn.cat(*shown, axis=2)
    if not dali_config.device.is_portable:
        return image
    rest = fed[dali_config.photos_per_sample * _PHOTO_INPUTS :]
    if dali_config.color_steps:
        for _ in range(dali_config.color_steps):
            image = apply_step(image, *rest[:STEP_INPUTS])
            rest = rest[STEP_INPUTS:]
    elif dali_config.should_recolor:
        image = recolor(image, *rest[:COLOR_INPUTS])
        rest = rest[COLOR_INPUTS:]
    return erase(image, *rest) if dali_config.erases else image


def _transform_photo(
    dali_config: DaliConfig,
    jpeg: Any,
    start: Any,
    shape: Any,
    downscale_power: Any,
    sizes: Any,
    matrix: Any,
) -> Any:
    from nvidia.dali import fn

    photo = _decode(dali_config, jpeg, start, shape)
    for times in range(MAX_DOWNSCALE_POWER):
        if downscale_power > times:
            size = sizes[times]
            photo = fn.resize(photo, size=size, roi_start=[0, 0], roi_end=2 * size, antialias=False)
    if dali_config.device.is_portable:
        return fn.warp_affine(photo, matrix=matrix[:2], size=dali_config.size, fill_value=0)
    return fn.experimental.warp_perspective(photo, matrix=matrix, size=dali_config.size)


def _decode(dali_config: DaliConfig, jpeg: Any, start: Any, shape: Any) -> Any:
    from nvidia.dali import fn, types

    how = {
        "output_type": types.RGB if dali_config.photos_per_sample == 1 else types.GRAY,
        "use_fast_idct": True,
        "adjust_orientation": False,
    }
    if not dali_config.device.is_portable:
        return fn.decoders.image_slice(jpeg, start=start, shape=shape, axes=[0, 1], **how)
    if dali_config.device.gpu is None:
        photo = fn.decoders.image(jpeg, device="cpu", **how)
    else:
        photo = fn.decoders.image(
            jpeg, device="mixed", hw_decoder_load=HW_DECODER_LOAD, affine=False, **how
        )
    return fn.slice(photo, start, shape, axes=[0, 1])
