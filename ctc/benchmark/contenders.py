"""What is measured: the loaders, the limit that no loader can pass, and what people use elsewhere.

A subject opens as an endless stream that gives, batch by batch, how many images it delivered.
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

BatchSizes = Iterator[int]
Contender = Callable[[Dataset, BenchmarkConfig], BatchSizes]


def contender_names() -> list[str]:
    """Every subject, whether or not it can run here."""
    from ctc.benchmark.baselines import EXTERNAL_LOADERS

    return [LIMIT, *plugins().all(Loader), *EXTERNAL_LOADERS]


def unavailable_reason(name: str) -> str | None:
    """None, or why the subject can't run here."""
    from ctc.benchmark.baselines import EXTERNAL_LOADERS

    if name in EXTERNAL_LOADERS:
        return EXTERNAL_LOADERS[name].unavailable_reason()
    return None if name == LIMIT else plugins().get(Loader, name).available()


def open_stream(name: str, dataset: Dataset, config: BenchmarkConfig) -> BatchSizes:
    """Open the subject."""
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
    stream = plugins().get(Loader, name).open(dataset, config.split, config.loader_config(labels))
    try:
        for epoch in count():
            for batch in stream.epoch(epoch):
                yield len(batch.images)
    finally:
        stream.close()


def _scaled_decode_stream(dataset: Dataset, config: BenchmarkConfig) -> BatchSizes:
    """Decode the first photo of each record just large enough, and throw it away. The JPEGs wait in
    memory."""
    table = record_table(dataset, config.split)[:4096]
    jpegs = [
        EventRecord.decode(read_record_bytes(dataset, config.split, row)).jpegs[0] for row in table
    ]
    chosen = np.random.default_rng(config.seed)

    def decode_one(number: int) -> None:
        decode(jpegs[number], (config.height, config.width))

    with ThreadPoolExecutor(config.threads) as pool:
        ahead = pool.map(decode_one, chosen.integers(len(jpegs), size=config.batch_size))
        while True:
            batch, ahead = (
                ahead,
                pool.map(decode_one, chosen.integers(len(jpegs), size=config.batch_size)),
            )
            yield sum(1 for _ in batch)
