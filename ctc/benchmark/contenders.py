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
from ctc.benchmark.records import LIMIT, Setting
from ctc.images import decode
from ctc.images.eval_samples import read_raw, record_table
from ctc.plugin import Loader
from ctc.plugin.manager import plugins

Deliveries = Iterator[int]
Subject = Callable[[Dataset, Setting], Deliveries]


def names() -> list[str]:
    """Every subject, whether or not it can run here."""
    from ctc.benchmark.baselines import PEERS

    return [LIMIT, *plugins().all(Loader), *PEERS]


def why_not(name: str) -> str | None:
    """None, or why the subject can't run here."""
    from ctc.benchmark.baselines import PEERS

    if name in PEERS:
        return PEERS[name].why_not()
    return None if name == LIMIT else plugins().get(Loader, name).available()


def deliver(name: str, dataset: Dataset, setting: Setting) -> Deliveries:
    """Open the subject."""
    from ctc.benchmark.baselines import PEERS

    if name in PEERS:
        return PEERS[name].deliver(dataset, setting)
    return _scaled_decode(dataset, setting) if name == LIMIT else _loader(name, dataset, setting)


def _loader(name: str, dataset: Dataset, setting: Setting) -> Deliveries:
    labels = tuple(label.name for label in dataset.manifest.labels)
    stream = plugins().get(Loader, name).open(dataset, setting.split, setting.loader_config(labels))
    try:
        for epoch in count():
            for batch in stream.epoch(epoch):
                yield len(batch.images)
    finally:
        stream.close()


def _scaled_decode(dataset: Dataset, setting: Setting) -> Deliveries:
    """Decode the first photo of each record just large enough, and throw it away. The JPEGs wait in memory."""
    table = record_table(dataset, setting.split)[:4096]
    jpegs = [EventRecord.decode(read_raw(dataset, setting.split, row)).jpegs[0] for row in table]
    chosen = np.random.default_rng(setting.seed)

    def decode_one(number: int) -> None:
        decode(jpegs[number], (setting.height, setting.width))

    with ThreadPoolExecutor(setting.threads) as pool:
        ahead = pool.map(decode_one, chosen.integers(len(jpegs), size=setting.batch_size))
        while True:
            batch, ahead = ahead, pool.map(decode_one, chosen.integers(len(jpegs), size=setting.batch_size))
            yield sum(1 for _ in batch)
