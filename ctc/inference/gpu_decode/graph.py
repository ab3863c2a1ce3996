"""DALI pipeline: decode JPEGs, turn them upright, resize them as `ctc.images` does.

A batch may hold ready images too, those that DALI doesn't decode, so that the network gets one
block of memory. Halving is linear resampling at exactly half the size, that is, the mean of 2 × 2
pixels, as in libjpeg-turbo's scaled decoding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ctc.images.resize import LETTERBOX_GRAY
from ctc.inference.gpu_decode.device import DaliDevice
from ctc.inference.gpu_decode.geometry import MAX_HALVINGS, MAX_REDUCTIONS

HW_DECODER_LOAD = 0.75
"""Share of the photos that the GPU's JPEG decoder takes; its kernels decode the others.

NVIDIA's best on an A100, as for the loader `dali`; not measured here: benchmarks/gpu does.
"""


class GraphConfig(NamedTuple):
    """A graph for batches of at most `batch_size` inputs of `size` (height, width).

    `has_border`: whether a photo may be smaller than the input. `threads`: CPU threads.
    """

    batch_size: int
    size: tuple[int, int]
    has_border: bool
    threads: int
    device: DaliDevice


def build_pipeline(next_batch: Callable[[], tuple[Any, ...]], config: GraphConfig) -> Any:
    """Return a built `nvidia.dali.Pipeline` with one output, uint8 (N, height, width, 3), dense.

    Each `run` calls `next_batch` once. It returns lists of JPEGs, uint8 (bytes,), and of images,
    uint8 (height, width, 3); whether each input is a JPEG, bool (N,); and `geometry_arrays`. What
    isn't used may be empty. DALI reads the arrays in place: keep them until `run` returns. It
    doesn't reuse the memory of an output as long as somebody holds the output.
    """
    from nvidia.dali import pipeline_def

    define = pipeline_def(
        batch_size=config.batch_size,
        num_threads=config.threads,
        device_id=config.device.gpu,
        enable_conditionals=True,
        exec_dynamic=True,
        prefetch_queue_depth=1,
    )
    pipeline = define(_graph)(next_batch, config)
    pipeline.build()
    return pipeline


def _graph(next_batch: Callable[[], tuple[Any, ...]], config: GraphConfig) -> Any:
    from nvidia.dali import fn, types

    integer, real, truth = types.INT32, types.FLOAT, types.BOOL
    kinds = [types.UINT8, types.UINT8, truth, integer, real, real, real, integer, real]
    ranks = [1, 3, 0, 0, 2, 1, 1, 0, 2]
    if config.has_border:
        kinds, ranks = [*kinds, integer], [*ranks, 1]
    jpeg, ready, is_jpeg, *geometry = fn.external_source(
        source=next_batch,
        num_outputs=len(kinds),
        batch=True,
        no_copy=True,
        dtype=kinds,
        ndim=ranks,
        layout=["", "HWC", *[""] * (len(kinds) - 2)],
    )
    if is_jpeg:
        image = _show(config, _decode(config, jpeg), *geometry)
    else:
        image = ready if config.device.gpu is None else ready.gpu()
    return fn.copy(image)  # what conditionals merge is not one block of memory


def _decode(config: GraphConfig, jpeg: Any) -> Any:
    from nvidia.dali import fn, types

    how = {"output_type": types.RGB, "use_fast_idct": True, "adjust_orientation": True}
    if config.device.gpu is None:
        return fn.decoders.image(jpeg, device="cpu", **how)
    return fn.decoders.image(
        jpeg, device="mixed", hw_decoder_load=HW_DECODER_LOAD, affine=False, **how
    )


def _show(
    config: GraphConfig,
    photo: Any,
    halvings: Any,
    sizes: Any,
    start: Any,
    end: Any,
    reductions: Any,
    reduced: Any,
    anchor: Any = None,
) -> Any:
    """Halve and resize a photo; the arguments are those of `geometry_arrays`."""
    from nvidia.dali import fn

    for times in range(MAX_HALVINGS):
        if halvings > times:
            half = sizes[times]
            photo = fn.resize(photo, size=half, roi_start=[0, 0], roi_end=2 * half, antialias=False)
    image = fn.resize(photo, size=reduced[0], roi_start=start, roi_end=end, antialias=False)
    for times in range(MAX_REDUCTIONS):
        if reductions > times:
            image = fn.resize(image, size=reduced[times + 1], antialias=False)
    if anchor is not None:
        image = fn.slice(
            image,
            anchor,
            config.size,
            axes=[0, 1],
            out_of_bounds_policy="pad",
            fill_values=LETTERBOX_GRAY,
        )
    return image
