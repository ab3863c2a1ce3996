"""From shards to samples that are not decoded yet, as a tf.data pipeline.

A sample is (row, photo, jpegs, labels): the number of its record in `record_table`, the number of its (first) photo, its JPEGs as
string (1,) or, for grayscale stacking, (3,), and an int32 class number for each label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.preprocessing import ImageChoice

_READ_AT_ONCE = 16
_FILE_BUFFER = 1 << 20


def shard_by_shard(dataset: Dataset, split: str, threads: int, order: Sequence[int]) -> Any:
    """(row, record): several shards read at a time, in turns, started in the `order` given."""
    import tensorflow as tf

    shards = dataset.shards(split)
    first = list(accumulate((shard.events for shard in shards), initial=0))
    files = tf.data.Dataset.from_tensor_slices(
        ([str(dataset.folder / shards[i].file) for i in order], [first[i] for i in order])
    )

    def read(path: Any, first_row: Any) -> Any:
        start = tf.cast(first_row, tf.int64)
        return tf.data.TFRecordDataset(path, buffer_size=_FILE_BUFFER).enumerate(start)

    at_once = min(len(shards), _READ_AT_ONCE)
    return files.interleave(read, cycle_length=at_once, num_parallel_calls=min(threads, at_once), deterministic=True)


def row_by_row(rows: NDArray[np.int64], read: Callable[[int], bytes], threads: int) -> Any:
    """(row, record) for the rows given, through `read`; a row for which it returns no bytes is left out."""
    import tensorflow as tf

    def load(row: Any) -> Any:
        record = tf.numpy_function(lambda number: read(int(number)), [row], tf.string)
        return row, tf.ensure_shape(record, [])

    pairs = tf.data.Dataset.from_tensor_slices(rows).map(load, num_parallel_calls=threads, deterministic=True)
    return pairs.filter(lambda _, record: tf.strings.length(record) > 0)


def choose(records: Any, labels: Sequence[str], choice: ImageChoice, seed: int, threads: int) -> Any:
    """The samples of (row, record) pairs; a random photo depends on `seed` and the row alone. A record without these features
    raises InvalidArgumentError."""
    samples = records.map(
        lambda row, record: _samples(row, record, labels, choice, seed), num_parallel_calls=threads, deterministic=True
    )
    return samples.unbatch() if choice == "all" else samples


def _samples(row: Any, record: Any, labels: Sequence[str], choice: ImageChoice, seed: int) -> tuple[Any, Any, Any, Any]:
    import tensorflow as tf

    photos, classes = _parse(record, labels)
    count = tf.shape(photos)[0]
    if choice == "all":
        numbers = tf.range(count)
        return tf.repeat(row, count), numbers, photos[:, tf.newaxis], tf.repeat(classes[tf.newaxis], count, axis=0)
    if choice == "grayscale_stacking":
        return row, tf.constant(0), tf.gather(photos, tf.minimum(tf.range(3), count - 1)), classes
    number = tf.constant(0)
    if choice == "random":
        number = tf.random.stateless_uniform([], tf.stack([tf.constant(seed, tf.int64), row]), 0, count, tf.int32)
    return row, number, photos[number : number + 1], classes


def _parse(record: Any, labels: Sequence[str]) -> tuple[Any, Any]:
    """The photos as string (n,), and int32 (labels,): of several observations the first."""
    import tensorflow as tf

    numbers = tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True)
    wanted: dict[str, Any] = {"image/encoded": tf.io.FixedLenFeature([], tf.string), "image/sizes": numbers}
    features = tf.io.parse_single_example(record, wanted | {f"label/{label}": numbers for label in labels})
    sizes, encoded = features["image/sizes"], features["image/encoded"]
    whole = tf.debugging.assert_equal(
        tf.reduce_sum(sizes), tf.cast(tf.strings.length(encoded), tf.int64), "image/sizes don't fit image/encoded"
    )
    with tf.control_dependencies([whole]):
        photos = tf.strings.substr(encoded, tf.cumsum(sizes, exclusive=True), sizes)
    classes = [tf.cast(features[f"label/{label}"][0], tf.int32) for label in labels]
    return photos, tf.stack(classes) if classes else tf.zeros([0], tf.int32)
