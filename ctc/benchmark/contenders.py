"""Contenders: the loaders, loaders of other libraries, and the limit, which is decoding alone.

A contender opens as an endless stream of batch sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.benchmark.records import LIMIT, BenchmarkConfig
from ctc.images import decode
from ctc.images.eval_samples import read_record_bytes, record_table
from ctc.plugin import Loader
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options

BatchSizes = Iterator[int]
Contender = Callable[[Dataset, BenchmarkConfig], BatchSizes]


def contender_names() -> list[str]:
    """Return the names of all contenders, whether or not they can run here."""
    from ctc.benchmark.baselines import EXTERNAL_LOADERS

    return [LIMIT, *plugins().all(Loader), *EXTERNAL_LOADERS]


def unavailable_reason(name: str) -> str | None:
    """Return None, or why the contender can't run here."""
    from ctc.benchmark.baselines import EXTERNAL_LOADERS

    if name in EXTERNAL_LOADERS:
        return EXTERNAL_LOADERS[name].unavailable_reason()
    return None if name == LIMIT else plugins().get(Loader, name).available()


def open_stream(name: str, dataset: Dataset, config: BenchmarkConfig) -> BatchSizes:
    """Open a contender."""
    from ctc.benchmark.baselines import EXTERNAL_LOADERS

    if name in EXTERNAL_LOADERS:
        return EXTERNAL_LOADERS[name].open_stream(dataset, config)
    return (
        _scaled_decode_stream(dataset, config)
        if name == LIMIT
        else _loader_stream(name, dataset, config)
    )


def _loader_stream(name: str, dataset: Dataset, config: BenchmarkConfig) -> BatchSizes:
    labels = tuple(label.name for label in dataset.manifest.labels)
    loader = bind_options(plugins().get(Loader, name), {})
    stream = loader.open(dataset, config.split, config.loader_config(labels))
    try:
        for epoch in count():
            for batch in stream.epoch(epoch):
                yield len(batch.images)
    finally:
        stream.close()


def _scaled_decode_stream(dataset: Dataset, config: BenchmarkConfig) -> BatchSizes:
    """Decode the first photo of each record at the smallest sufficient size, and discard it.

    The JPEGs are in memory.
    """
    table = record_table(dataset, config.split)[:4096]
    jpegs = [
        EventRecord.decode(read_record_bytes(dataset, config.split, row)).jpegs[0] for row in table
    ]
    rng = np.random.default_rng(config.seed)

    def decode_one(number: int) -> None:
        decode(jpegs[number], (config.height, config.width))

    with ThreadPoolExecutor(config.threads) as pool:
        prefetched = pool.map(decode_one, rng.integers(len(jpegs), size=config.batch_size))
        while True:
            batch = prefetched
            prefetched = pool.map(decode_one, rng.integers(len(jpegs), size=config.batch_size))
            yield sum(1 for _ in batch)
