"""From shards to encoded samples, as a tf.data pipeline.

A sample is (row, photo, jpegs, labels, event id): the number of its record in `record_table`, the
number of its (first) photo, its JPEGs as string (1,) or, for grayscale stacking, (3,), its labels
as an int32 row of `LabelColumns`, and the id of its event as a string.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import MISSING
from ctc.plugin import LoaderConfig

from ..common.choices import STACKED_PHOTOS, stacks_photos, takes_all_photos, takes_random_photo
from ..common.label_columns import LabelColumns

_FILE_BUFFER = 1 << 20


def interleave_shards(
    dataset: Dataset, split: str, threads: int, order: Sequence[int], cycle_length: int
) -> Any:
    """Return (row, record) pairs, reading `cycle_length` shards in turns, started in `order`."""
    import tensorflow as tf

    shards = dataset.shards(split)
    first = list(accumulate((shard.events for shard in shards), initial=0))
    files = tf.data.Dataset.from_tensor_slices(
        ([str(dataset.folder / shards[i].file) for i in order], [first[i] for i in order])
    )

    def read(path: Any, first_row: Any) -> Any:
        start = tf.cast(first_row, tf.int64)
        return tf.data.TFRecordDataset(path, buffer_size=_FILE_BUFFER).enumerate(start)

    return files.interleave(
        read,
        cycle_length=cycle_length,
        num_parallel_calls=min(threads, cycle_length),
        deterministic=True,
    )


def read_rows(rows: NDArray[np.int64], read: Callable[[int], bytes], threads: int) -> Any:
    """Return (row, record) pairs for `rows`, read by `read`.

    A row for which `read` returns no bytes is left out.
    """
    import tensorflow as tf

    def load(row: Any) -> Any:
        record = tf.numpy_function(lambda number: read(int(number)), [row], tf.string)
        return row, tf.ensure_shape(record, [])

    pairs = tf.data.Dataset.from_tensor_slices(rows).map(
        load, num_parallel_calls=threads, deterministic=True
    )
    return pairs.filter(lambda _, record: tf.strings.length(record) > 0)


def make_samples(records: Any, config: LoaderConfig, columns: LabelColumns, seed: int) -> Any:
    """Return the samples of (row, record) pairs.

    Random choices depend on `seed` and the row alone. A record that lacks a feature raises
    InvalidArgumentError.
    """
    samples = records.map(
        lambda row, record: _make_sample(row, record, config, columns, seed),
        num_parallel_calls=config.threads,
        deterministic=True,
    )
    return samples.unbatch() if takes_all_photos(config) else samples


def _make_sample(
    row: Any, record: Any, config: LoaderConfig, columns: LabelColumns, seed: int
) -> tuple[Any, Any, Any, Any, Any]:
    import tensorflow as tf

    draws = tf.random.stateless_uniform([2], tf.stack([tf.constant(seed, tf.int64), row]))
    observation = draws[1] if config.observation == "random" else tf.constant(0.0)
    photos, observed, event_id = _parse_example(record, config.labels)
    classes = _encode_row(observed, columns, observation)
    count = tf.shape(photos)[0]
    if takes_all_photos(config):
        numbers = tf.range(count)
        return (
            tf.repeat(row, count),
            numbers,
            photos[:, tf.newaxis],
            tf.repeat(classes[tf.newaxis], count, axis=0),
            tf.repeat(event_id, count),
        )
    if stacks_photos(config):
        numbers = tf.minimum(tf.range(STACKED_PHOTOS), count - 1)
        return row, tf.constant(0), tf.gather(photos, numbers), classes, event_id
    number = _random_index(count, draws[0]) if takes_random_photo(config) else tf.constant(0)
    return row, number, photos[number : number + 1], classes, event_id


def _parse_example(record: Any, labels: Sequence[str]) -> tuple[Any, list[Any], Any]:
    """Return the photos, the class numbers and the event id of a record.

    The photos are string (n,), the class numbers int32, one for each observation, per label.
    """
    import tensorflow as tf

    numbers = tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True)
    wanted: dict[str, Any] = {
        "event/id": tf.io.FixedLenFeature([], tf.string),
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/sizes": numbers,
    }
    features = tf.io.parse_single_example(
        record, wanted | {f"label/{label}": numbers for label in labels}
    )
    sizes, encoded = features["image/sizes"], features["image/encoded"]
    whole = tf.debugging.assert_equal(
        tf.reduce_sum(sizes),
        tf.cast(tf.strings.length(encoded), tf.int64),
        "image/sizes don't fit image/encoded",
    )
    with tf.control_dependencies([whole]):
        photos = tf.strings.substr(encoded, tf.cumsum(sizes, exclusive=True), sizes)
    classes = [tf.cast(features[f"label/{label}"], tf.int32) for label in labels]
    return photos, classes, features["event/id"]


def _encode_row(observed: Sequence[Any], columns: LabelColumns, draw: Any) -> Any:
    """Return the row of `LabelColumns.encode_row` as int32 (columns,)."""
    import tensorflow as tf

    parts = [tf.zeros([0], tf.int32)]
    for numbers, width in zip(observed, columns.widths, strict=True):
        if width is None:
            parts.append(numbers[_random_index(tf.shape(numbers)[0], draw)][tf.newaxis])
        else:
            seen = tf.reduce_max(tf.one_hot(numbers, width, dtype=tf.int32), axis=0)
            parts.append(tf.where(tf.reduce_any(numbers != MISSING), seen, MISSING))
    return tf.concat(parts, axis=0)


def _random_index(count: Any, draw: Any) -> Any:
    """Return an index from 0 to `count` − 1 for a number in 0–1."""
    import tensorflow as tf

    return tf.cast(draw * tf.cast(count, tf.float32), tf.int32)
