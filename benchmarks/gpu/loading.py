"""Stages of checks.py: pixels and speed of the loader dali on a GPU."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count, islice
from typing import Any

import numpy as np

from benchmarks.gpu.checks import ON_CPU, SECONDS, Inputs, goal, rate, say, verdict
from ctc.hardware import usable_cores
from ctc.plugin import NO_AUGMENTATION, Augmentation, LoaderConfig
from ctc_plugins.loaders.dali import graph as dali_graph
from ctc_plugins.loaders.dali.device import DaliDevice, default_device
from ctc_plugins.loaders.dali.loader import DaliTrainingStream

RATE_GOAL = 7000
CPU_OPERATORS = DaliDevice(is_portable=True)


def config(inputs: Inputs, **changes: Any) -> LoaderConfig:
    from benchmarks.gpu.training import _label

    values = {
        "height": 224,
        "width": 224,
        "labels": (_label(inputs.dataset),),
        "batch_size": 16 if ON_CPU else 64,
        "augmentation": Augmentation(),
        "threads": usable_cores(),
        "drop_remainder": True,
    }
    return LoaderConfig(**{**values, **changes})


def opened(
    inputs: Inputs, config: LoaderConfig, device: DaliDevice | None = None
) -> DaliTrainingStream:
    from ctc.artifacts.dataset_cache import open_dataset

    device = device or (CPU_OPERATORS if ON_CPU else default_device())
    augmentation = config.augmentation or NO_AUGMENTATION
    return DaliTrainingStream(open_dataset(inputs.dataset), "train", config, augmentation, device)


def decode(inputs: Inputs) -> None:
    """DALI's decoder on the GPU, with every share of its hardware, beside `ctc.images`."""
    from nvidia.dali import fn, pipeline_def

    from ctc.images import decode as reference

    photos = inputs.jpegs()
    expected = [reference(photo).astype(np.int16) for photo in photos]
    encoded = [np.frombuffer(photo, np.uint8) for photo in photos]
    for share in (None,) if ON_CPU else (0.0, 0.65, 1.0):
        how = {"device": "cpu"} if share is None else {"device": "mixed", "hw_decoder_load": share}

        @pipeline_def(batch_size=len(photos), num_threads=4, device_id=None if ON_CPU else 0)
        def define(how: Any = how) -> Any:
            source = fn.external_source(source=lambda: encoded)
            return fn.decoders.image(source, use_fast_idct=True, adjust_orientation=False, **how)

        (out,) = define().run()
        out = out if ON_CPU else out.as_cpu()
        means = [
            np.abs(out.at(index).astype(np.int16) - one).mean()
            for index, one in enumerate(expected)
        ]
        verdict(
            max(means) < 2.0, f"decoder, share {share}: at most {max(means):.2f} grey levels off"
        )


def graph(inputs: Inputs) -> None:
    """The graph on the GPU beside the CPU's operators; the same again; resumed at a step."""
    much = replace(NO_AUGMENTATION, crop=0.5, zoom=0.5, rotate=180.0, flip=True)
    for name, augmentation in (("default", Augmentation()), ("much", much)):
        for choice in ("random", "grayscale_stacking"):
            wanted = config(inputs, augmentation=augmentation, image_choice=choice)
            off = np.abs(_images(inputs, wanted) - _images(inputs, wanted, CPU_OPERATORS))
            verdict(off.mean() < 1.0, f"graph, {name} {choice}: {off.mean():.2f} grey levels off")
    wanted = config(inputs)
    first = _images(inputs, wanted)
    verdict(np.array_equal(first, _images(inputs, wanted)), "the same epoch again, to the bit")
    resumed = _images(inputs, wanted, start=1)
    verdict(np.array_equal(first[wanted.batch_size :], resumed), "resumed at step 1, to the bit")
    two = replace(wanted, threads=2)
    verdict(np.array_equal(first, _images(inputs, two)), "with 2 threads, to the bit")


def handover(_: Inputs) -> None:
    """DLPack: the same memory, kept as it is while somebody holds the batch."""
    import keras
    from nvidia.dali import fn, pipeline_def

    from ctc_plugins.loaders.dali.output import as_tensor, keras_backend

    numbers = count()

    @pipeline_def(batch_size=64, num_threads=2, device_id=None if ON_CPU else 0)
    def counting() -> Any:
        images = fn.external_source(
            source=lambda: np.full((64, 224, 224, 3), next(numbers) % 251, np.uint8)
        )
        return fn.copy(images if ON_CPU else images.gpu())

    pipeline, kept = counting(), []
    for _ in range(6):
        (out,) = pipeline.run()
        kept.append(as_tensor(out, keras_backend()))
    found = [keras.ops.convert_to_numpy(batch) for batch in kept]
    verdict(
        [(int(one.min()), int(one.max())) for one in found] == [(i, i) for i in range(6)],
        "batches that are held stay as they are",
    )


def load(inputs: Inputs) -> None:
    """The loader alone: batch sizes, shares of the hardware decoder; then turbo."""
    rates = []
    usual = dali_graph.HW_DECODER_LOAD
    sizes, shares = ((16,), (usual,)) if ON_CPU else ((128, 256), (0.0, 0.5, 0.65, 0.75, 0.9, 1.0))
    for size in sizes:
        for share in shares:
            dali_graph.HW_DECODER_LOAD = share
            stream = opened(inputs, config(inputs, batch_size=size))
            rates.append(_speed(f"dali @{size}, hardware share {share}", stream))
    dali_graph.HW_DECODER_LOAD = usual
    goal(max(rates) >= RATE_GOAL, f"best {max(rates):,.0f} img/s (goal {RATE_GOAL:,})")
    from ctc.artifacts.dataset_cache import open_dataset
    from ctc_plugins.loaders.turbo import loader as turbo

    _speed("turbo", turbo.open_split(open_dataset(inputs.dataset), "train", config(inputs)))


def large_photos(inputs: Inputs) -> None:
    """How fast the GPU decodes photos of several megapixels and scales them to 224 px."""
    from nvidia.dali import fn, pipeline_def

    photos, size = inputs.jpegs(), 12 if ON_CPU else 96
    batch = [np.frombuffer(photos[i % len(photos)], np.uint8) for i in range(size)]
    for share in (None,) if ON_CPU else (0.0, 0.5, 0.65, 0.8, 1.0):
        how = {"device": "cpu"} if share is None else {"device": "mixed", "hw_decoder_load": share}

        @pipeline_def(batch_size=size, num_threads=usable_cores(), device_id=None if ON_CPU else 0)
        def define(how: Any = how) -> Any:
            photo = fn.decoders.image(fn.external_source(source=lambda: batch), **how)
            return fn.resize(photo, size=[224, 224], antialias=True)

        pipeline = define()
        found = rate(lambda pipeline=pipeline: len(pipeline.run()[0]))
        say(f"large photos decoded and resized, hardware share {share}: {found:,.0f}/s")


def _images(
    inputs: Inputs, config: LoaderConfig, device: DaliDevice | None = None, start: int = 0
) -> Any:
    with closing(opened(inputs, config, device)) as stream:
        batches = islice(stream.epoch(0, start), 3 - start)
        return np.concatenate([np.asarray(batch.images) for batch in batches]).astype(np.int16)


def _speed(name: str, stream: Any) -> float:
    def endless() -> Iterator[Any]:
        for epoch in count():
            yield from stream.epoch(epoch)

    with closing(stream):
        batches, done = endless(), 0
        for _ in range(2 if ON_CPU else 12):
            next(batches)
        start, processor = time.perf_counter(), time.process_time()
        while time.perf_counter() - start < SECONDS:
            done += len(next(batches).images)
        seconds = time.perf_counter() - start
        cores = (time.process_time() - processor) / seconds
    say(f"{name}: {done / seconds:,.0f} img/s, {cores:.1f} cores")
    return done / seconds
