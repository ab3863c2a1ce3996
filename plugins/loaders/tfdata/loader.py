"""The loader `tfdata`: portable, the plain tf.data pipeline.

Training goes shards → interleaved records → chosen photos → shuffled window → decoded, augmented
images → batches, all inside TensorFlow; but records that are checked, or drawn by weight, are read
one by one from Python. Without augmentation it is the evaluation path of every loader."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import InputError
from ctc.images.eval_samples import (
    preprocess,
    read_events,
    read_record_bytes,
    record_table,
    select_photos,
)
from ctc.plugin import Augmentation, Batch, BatchStream, Loader, LoaderConfig, hookimpl

from ..common.evaluation import EvaluationStream
from ..common.label_columns import LabelColumns
from ..common.order import INTERLEAVED_SHARDS, Indices, shuffle_window
from ..common.stream import Stream
from ..common.weighted_sampling import row_weights, systematic_sample
from .records import interleave_shards, make_samples, read_rows
from .transform import TfImageTransform

_CHECK_PREPROCESSING = Preprocessing(1, 1, image_choice="all")


@hookimpl
def ctc_loaders() -> list[Loader]:
    return [
        Loader("tfdata", "portable: TensorFlow's own pipeline, on the CPU", available, open_split)
    ]


def available() -> str | None:
    """None, or why it can't run here."""
    if importlib.util.find_spec("tensorflow") is None:
        return "TensorFlow is not installed: pip install 'camera-trap-classifier[train]'"
    return None


def open_split(dataset: Dataset, split: str, config: LoaderConfig) -> BatchStream:
    """Raises CtcError for an unknown split or label, missing or cut files, or too few samples for a
    batch."""
    if config.augmentation is None:
        return EvaluationStream(dataset, split, config)
    return TfdataTrainingStream(dataset, split, config, config.augmentation)


class TfdataTrainingStream(Stream):
    """Augmented batches. With `on_bad_record="skip"` every record is checked, and its photos
    decoded, before its first use; for the skipped ones the epoch's first samples come once more at
    its end."""

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
        """Resuming reads what comes before, without decoding it."""
        import tensorflow as tf

        step = start_step
        try:
            for images, labels in self._decoded_batches(epoch, start_step).as_numpy_iterator():
                yield Batch(images, self._columns.to_batch_labels(labels))
                step += 1
        except tf.errors.OpError:
            self._raise_bad_record(epoch, step)
            raise
        if step == start_step < self._plan.steps:
            self._check_rows([0])

    def _decoded_batches(self, epoch: int, start_step: int) -> Any:
        """(images, labels (N, columns)) of each batch."""
        import tensorflow as tf

        config, view = self._config, self._transform
        seed = self._derive_seed(epoch, "augment")

        def develop_one(row: Any, photo: Any, jpegs: Any, labels: Any) -> tuple[Any, Any]:
            key = tf.stack([tf.constant(seed, tf.int64), row * 4096 + tf.cast(photo, tf.int64)])
            return view.apply(jpegs, key), labels

        samples = self._samples(epoch).skip(start_step * config.batch_size)
        images = samples.map(develop_one, num_parallel_calls=config.threads, deterministic=True)
        batches = images.batch(config.batch_size, drop_remainder=config.drop_remainder).prefetch(2)
        options = tf.data.Options()
        options.threading.private_threadpool_size = config.threads
        options.threading.max_intra_op_parallelism = 1
        options.autotune.enabled = False
        return batches.with_options(options)

    def _samples(self, epoch: int) -> Any:
        """This reader's samples of the epoch, in order, not decoded yet."""
        config = self._config
        number, readers = config.shard
        records = self._records(epoch)
        by_photo = config.image_choice == "all"
        if not by_photo:
            records = records.shard(readers, number)
        samples = make_samples(records, config, self._columns, self._derive_seed(epoch, "choice"))
        if by_photo:
            samples = samples.shard(readers, number)
        samples = samples.repeat().take(self._plan.samples)
        if config.shuffle:
            among = shuffle_window(self._dataset.shards(self._split), self._plan.samples)
            samples = samples.shuffle(
                among, self._derive_seed(epoch, "window"), reshuffle_each_iteration=False
            )
        return samples

    def _records(self, epoch: int) -> Any:
        """(row, record) of all readers. A record that is drawn a second time has the number of its
        row plus that of all rows, and so on, so that it is varied in another way."""
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
        at_once = min(len(order), INTERLEAVED_SHARDS) if self._config.shuffle else 1
        return interleave_shards(self._dataset, self._split, threads, order, at_once)

    @cached_property
    def _weights(self) -> NDArray[np.float64] | None:
        """(records,): of every record, when they are to be drawn by weight."""
        draw = self._config.draw_weights
        return row_weights(self._dataset, self._split, self._config, draw) if draw else None

    def _draw_rows(self, weights: NDArray[np.float64], epoch: int) -> Indices:
        rows = systematic_sample(weights, self._config.seed, epoch)
        times = np.arange(len(rows)) - np.searchsorted(rows, rows)
        return rows + times * len(self._table)

    def _derive_seed(self, epoch: int, purpose: str) -> int:
        return int(
            np.random.default_rng([self._config.seed, epoch, *purpose.encode()]).integers(2**31)
        )

    def _read_record(self, number: int) -> bytes:
        """The record, or nothing when it is bad and to be skipped."""
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
        """Raise InputError, naming shard and offset, for the first record that is bad or has a
        photo that is."""
        for pick in select_photos(
            read_events(self._dataset, self._split, self._table[rows]), _CHECK_PREPROCESSING
        ):
            preprocess(pick, _CHECK_PREPROCESSING, self._config.labels)

    def _raise_bad_record(self, epoch: int, step: int) -> None:
        """TensorFlow doesn't say where it failed: look through the records of the batch, or, when
        those can't even be read, through all; raise InputError for the bad one."""
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
