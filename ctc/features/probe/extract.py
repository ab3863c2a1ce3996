"""Compute the features of a dataset's split, as far as they are not in the cache.

    records → tasks of a few records → threads: read, decode, run the network on each view → chunks
    → cache

A thread does all that a task needs, so that none waits for another. The pixels are those of the
loaders' evaluation path and of `ctc predict`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.file import FEATURES_OUTPUT
from ctc.errors import InputError
from ctc.features.probe.config import ViewName
from ctc.features.probe.feature_cache import (
    CHUNK_RECORDS,
    CachedRecord,
    Chunk,
    ChunkRecords,
    FeatureCache,
)
from ctc.features.probe.views import VIEWS
from ctc.images.decode import Pixels
from ctc.images.eval_samples import preprocess, read_events, record_table, select_photos
from ctc.reporting import Reporter
from ctc.runtime.batch_size import resolve_runtime
from ctc.runtime.session import Model
from ctc.storage.ordered_map import map_in_order

RECORDS_PER_TASK = 16
DEVICE_RECORDS_PER_TASK = 64


@dataclass(frozen=True)
class _Task:
    """Some records of the chunk that begins with record `chunk`; the features to compute."""

    chunk: int
    rows: NDArray[np.int64]
    views: tuple[ViewName, ...]


@dataclass(frozen=True)
class _TaskResult:
    chunk: int
    records: tuple[CachedRecord, ...]
    failures: tuple[str, ...]
    features: dict[ViewName, NDArray[np.float32]]


def compute_features(
    model: Model,
    dataset: Dataset,
    split: str,
    views: Sequence[ViewName],
    cache: FeatureCache,
    reporter: Reporter,
    limit: int | None = None,
) -> int:
    """Compute the features of every photo and view that the cache lacks; return their chunks.

    `limit`: the number of records to take from all over the split; None for all. Raises CtcError
    when the network can't be run or the cache can't be written.
    """
    table = limited_table(dataset, split, limit)
    missing: dict[int, tuple[ViewName, ...]] = {}
    for start in range(0, len(table), CHUNK_RECORDS):
        lacking = tuple(view for view in views if cache.read(split, start, view) is None)
        if lacking:
            missing[start] = lacking
    if not missing:
        return 0
    records = sum(len(table[start : start + CHUNK_RECORDS]) for start in missing)
    photos = records * max(1, sum(one.images for one in dataset.shards(split)) // len(table))
    model = model.with_runtime(resolve_runtime(model, photos * len(views)))
    with reporter.progress(f"features of {split}", records) as bar:
        for start, results in groupby(
            _run_tasks(model, dataset, split, _tasks(model, table, missing)),
            lambda result: result.chunk,
        ):
            done = []
            for result in results:
                done.append(result)
                bar.advance(len(result.records), len(result.failures))
            kept = ChunkRecords(
                tuple(record for one in done for record in one.records),
                tuple(failure for one in done for failure in one.failures),
            )
            for view in missing[start]:
                features = np.concatenate([one.features[view] for one in done])
                cache.write(split, start, view, Chunk(kept, features))
    return len(missing)


def limited_table(dataset: Dataset, split: str, limit: int | None) -> NDArray[np.int64]:
    """Return up to `limit` rows of `record_table`, from all over the split."""
    table = record_table(dataset, split)
    if limit is None or len(table) <= limit:
        return table
    return table[np.linspace(0, len(table) - 1, limit).round().astype(np.intp)]


def _tasks(
    model: Model, table: NDArray[np.int64], missing: dict[int, tuple[ViewName, ...]]
) -> Iterator[_Task]:
    size = DEVICE_RECORDS_PER_TASK if model.is_on_device else RECORDS_PER_TASK
    for start, views in missing.items():
        rows = table[start : start + CHUNK_RECORDS]
        for at in range(0, len(rows), size):
            yield _Task(start, rows[at : at + size], views)


def _run_tasks(
    model: Model, dataset: Dataset, split: str, tasks: Iterator[_Task]
) -> Iterator[_TaskResult]:
    # a device computes one batch at a time, while the other threads decode
    threads = model.runtime.threads + model.is_on_device
    with (
        ThreadPoolExecutor(
            threads, "ctc-features", initializer=cv2.setNumThreads, initargs=(1,)
        ) as pool,
        closing(
            map_in_order(
                pool, lambda task: _run_task(model, dataset, split, task), tasks, 2 * threads
            )
        ) as results,
    ):
        yield from results


def _run_task(model: Model, dataset: Dataset, split: str, task: _Task) -> _TaskResult:
    preprocessing = model.info.preprocessing
    if not preprocessing.is_stacked:
        preprocessing = replace(preprocessing, image_choice="all")
    records: list[CachedRecord] = []
    failures: list[str] = []
    images: list[Pixels] = []
    events = read_events(dataset, split, task.rows, lambda error: failures.append(str(error)))
    for where, event in events:
        before = len(images)
        for selection in select_photos([(where, event)], preprocessing):
            try:
                images.append(preprocess(selection, preprocessing, ()).image)
            except InputError as error:
                failures.append(str(error))
        if count := len(images) - before:
            records.append(CachedRecord(event.event_id, count, event.labels, event.meta))
    features = {view: _features(model, images, view) for view in task.views}
    return _TaskResult(task.chunk, tuple(records), tuple(failures), features)


def _features(model: Model, images: Sequence[Pixels], view: ViewName) -> NDArray[np.float32]:
    size = model.runtime.batch_size or 1
    parts = [np.empty((0, model.info.feature_size or 0), np.float32)]
    for at in range(0, len(images), size):
        batch = VIEWS[view](np.stack(images[at : at + size]))
        parts.append(model.run(batch, (FEATURES_OUTPUT,))[FEATURES_OUTPUT])
    features = np.concatenate(parts)
    if not np.isfinite(features).all():
        raise InputError(f"model '{model.path}': the features of a photo are not numbers")
    return features
