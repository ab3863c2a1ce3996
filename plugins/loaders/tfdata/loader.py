"""Loader `tfdata`: portable, a plain tf.data pipeline.

Training steps: shards → interleaved records → chosen photos → shuffle window → decoded, augmented
images → batches, all inside TensorFlow. Records that are checked or drawn by weight are read one by
one from Python. Without augmentation it is the evaluation path of every loader.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError
from ctc.images.eval_samples import (
    preprocess,
    read_events,
    read_record_bytes,
    record_table,
    select_photos,
)
from ctc.plugin import Augmentation, Batch, BatchStream, Loader, LoaderConfig, hookimpl

from ..common.choices import takes_all_photos
from ..common.label_columns import LabelColumns
from ..common.open_stream import open_stream
from ..common.order import INTERLEAVED_SHARDS, Indices, shuffle_window
from ..common.stream import Stream
from ..common.weighted_sampling import row_weights, systematic_sample
from .records import interleave_shards, make_samples, read_rows
from .transform import TfImageTransform

_CHECK_PREPROCESSING = Preprocessing(1, 1, image_choice="all")


@hookimpl
def ctc_loaders() -> list[Loader]:
    return [
        Loader(
            "tfdata",
            "portable: TensorFlow's own pipeline, on the CPU",
            available,
            open_split,
            distorts=True,
        )
    ]


def available() -> str | None:
    """Return None, or the reason why the loader can't run here."""
    if importlib.util.find_spec("tensorflow") is None:
        return "TensorFlow is not installed: pip install 'camera-trap-classifier[train]'"
    return None


def open_split(dataset: Dataset, split: str, config: LoaderConfig) -> BatchStream:
    """Open a split; see `open_stream`."""
    return open_stream(TfdataTrainingStream, dataset, split, config)


class TfdataTrainingStream(Stream):
    """Augmented batches.

    With `on_bad_record="skip"` every record is checked, and its photos decoded, before its first
    use; the epoch's first samples are repeated at its end in place of the skipped ones.
    """

    def __init__(
        self, dataset: Dataset, split: str, config: LoaderConfig, augmentation: Augmentation
    ) -> None:
        super().__init__(dataset, split, config)
        self._dataset, self._split = dataset, split
        self._transform = TfImageTransform.from_config(config, augmentation)
        self._columns = LabelColumns(dataset, config)
        self._table = record_table(dataset, split)
        self._checked = np.zeros(len(self._table), np.bool_)

    def _batches(self, epoch: int, start_step: int) -> Generator[Batch, None, None]:
        """Yield the batches; the samples before `start_step` are read but not decoded."""
        import tensorflow as tf

        step = start_step
        try:
            batches = self._decoded_batches(epoch, start_step).as_numpy_iterator()
            for images, labels, ids in batches:
                yield Batch(
                    images,
                    self._columns.to_batch_labels(labels),
                    event_ids=tuple(event_id.decode() for event_id in ids),
                )
                step += 1
        except tf.errors.OpError:
            self._raise_bad_record(epoch, step)
            raise
        if step == start_step < self._plan.steps:
            self._check_rows([0])

    def _decoded_batches(self, epoch: int, start_step: int) -> Any:
        """Return a tf.data.Dataset of (images, labels (N, columns), event ids (N,))."""
        import tensorflow as tf

        config, transform = self._config, self._transform
        seed = self._derive_seed(epoch, "augment")

        def transform_one(
            row: Any, photo: Any, jpegs: Any, labels: Any, event_id: Any
        ) -> tuple[Any, Any, Any]:
            key = tf.stack([tf.constant(seed, tf.int64), row * 4096 + tf.cast(photo, tf.int64)])
            return transform.apply(jpegs, key), labels, event_id

        samples = self._samples(epoch).skip(start_step * config.batch_size)
        images = samples.map(transform_one, num_parallel_calls=config.threads, deterministic=True)
        batches = images.batch(config.batch_size, drop_remainder=config.drop_remainder).prefetch(2)
        options = tf.data.Options()
        options.threading.private_threadpool_size = config.threads
        options.threading.max_intra_op_parallelism = 1
        options.autotune.enabled = False
        return batches.with_options(options)

    def _samples(self, epoch: int) -> Any:
        """Return this reader's samples of the epoch, in order, not yet decoded."""
        config = self._config
        number, readers = config.shard
        records = self._records(epoch)
        if not takes_all_photos(config):
            records = records.shard(readers, number)
        samples = make_samples(records, config, self._columns, self._derive_seed(epoch, "choice"))
        if takes_all_photos(config):
            samples = samples.shard(readers, number)
        samples = samples.repeat().take(self._plan.samples)
        if config.shuffle:
            window_size = shuffle_window(self._dataset.shards(self._split), self._plan.samples)
            samples = samples.shuffle(
                window_size, self._derive_seed(epoch, "window"), reshuffle_each_iteration=False
            )
        return samples

    def _records(self, epoch: int) -> Any:
        """Return (row, record) pairs for all readers.

        The n-th repetition of a drawn record has its row number plus n times the number of records,
        so that it is augmented differently.
        """
        threads = self._config.threads
        rng = np.random.default_rng(self._derive_seed(epoch, "order"))
        if self._config.on_bad_record == "skip" or self._weights is not None:
            rows = (
                np.arange(len(self._table))
                if self._weights is None
                else self._draw_rows(self._weights, epoch)
            )
            return read_rows(
                rng.permutation(rows) if self._config.shuffle else rows, self._read_record, threads
            )
        shards = np.arange(len(self._dataset.shards(self._split)))
        order = [int(i) for i in (rng.permutation(shards) if self._config.shuffle else shards)]
        cycle_length = min(len(order), INTERLEAVED_SHARDS) if self._config.shuffle else 1
        return interleave_shards(self._dataset, self._split, threads, order, cycle_length)

    @cached_property
    def _weights(self) -> NDArray[np.float64] | None:
        """Sampling weight of every record, (records,); None without weighted sampling."""
        draw = self._config.draw_weights
        return row_weights(self._dataset, self._split, self._config, draw) if draw else None

    def _draw_rows(self, weights: NDArray[np.float64], epoch: int) -> Indices:
        """Draw rows by weight; each repetition adds the number of records."""
        rows = systematic_sample(weights, self._config.seed, epoch)
        times = np.arange(len(rows)) - np.searchsorted(rows, rows)
        return rows + times * len(self._table)

    def _derive_seed(self, epoch: int, purpose: str) -> int:
        return int(
            np.random.default_rng([self._config.seed, epoch, *purpose.encode()]).integers(2**31)
        )

    def _read_record(self, number: int) -> bytes:
        """Return the record, or no bytes when it is bad and skipped."""
        row = number % len(self._table)
        try:
            if self._config.on_bad_record == "skip" and not self._checked[row]:
                self._check_rows([row])
                self._checked[row] = True
            return read_record_bytes(self._dataset, self._split, self._table[row])
        except InputError as error:
            self._bad_records.skip_or_raise(error)
            return b""

    def _check_rows(self, rows: list[int]) -> None:
        """Raise InputError, naming shard and offset, for the first bad record or photo."""
        for pick in select_photos(
            read_events(self._dataset, self._split, self._table[rows]), _CHECK_PREPROCESSING
        ):
            preprocess(pick, _CHECK_PREPROCESSING, self._config.labels)

    def _raise_bad_record(self, epoch: int, step: int) -> None:
        """Find the bad record that TensorFlow failed on and raise its InputError.

        TensorFlow doesn't say where it failed: the records of the batch are checked or, when those
        can't be read, all records.
        """
        import tensorflow as tf

        size = self._config.batch_size
        try:
            batch = self._samples(epoch).skip(step * size).take(size)
            self._check_rows(
                [int(number) % len(self._table) for number, *_ in batch.as_numpy_iterator()]
            )
        except tf.errors.OpError:
            for row in self._table:
                read_record_bytes(self._dataset, self._split, row)
            self._check_rows(list(range(len(self._table))))
