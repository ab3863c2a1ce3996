"""Records written without TensorFlow, read by TensorFlow and DALI byte for byte."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.images.eval_samples import read_events, record_table

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def written(dataset: Dataset) -> list[list[bytes]]:
    return [
        list(event.jpegs)
        for _, event in read_events(dataset, "train", record_table(dataset, "train"))
    ]


def by_tensorflow(dataset: Dataset) -> list[list[bytes]]:
    tf = pytest.importorskip(
        "tensorflow", reason="needs TensorFlow: pip install camera-trap-classifier[train]"
    )
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/sizes": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    }
    files = [str(dataset.folder / shard.file) for shard in dataset.shards("train")]
    found = []
    for record in tf.data.TFRecordDataset(files):
        parsed = tf.io.parse_single_example(record, features)
        found.append(cut(parsed["image/encoded"].numpy(), parsed["image/sizes"].numpy()))
    return found


def by_dali(dataset: Dataset) -> list[list[bytes]]:
    """Read shard by shard through DALI's CPU reader and our index.

    The photos are sliced inside DALI's pipeline.
    """
    pytest.importorskip(
        "nvidia.dali", reason="needs DALI: pip install camera-trap-classifier[dali]"
    )
    found = []
    for shard in dataset.shards("train"):
        pipeline = dali_pipeline(
            str(dataset.folder / shard.file), str(dataset.folder / shard.index_file)
        )
        for _ in range(shard.events):
            sizes, *photos = (np.array(output.at(0)) for output in pipeline.run())
            found.append([photo.tobytes() for photo in photos[: len(sizes)]])
    return found


def dali_pipeline(path: str, index: str):
    """Return a pipeline of one record at a time: sizes, then the first, second and third photo.

    A missing photo has no bytes.
    """
    from nvidia.dali import Pipeline, fn, tfrecord, types

    features = {
        "image/encoded": tfrecord.FixedLenFeature((), tfrecord.string, ""),
        "image/sizes": tfrecord.VarLenFeature([], tfrecord.int64, 0),
    }
    pipeline = Pipeline(batch_size=1, num_threads=1, device_id=None)
    with pipeline:
        record = fn.readers.tfrecord(path=[path], index_path=[index], features=features)
        sizes = fn.cast(record["image/sizes"], dtype=types.INT32)

        def end(photos: int):
            first = fn.slice(sizes, start=0, shape=photos, axes=[0], out_of_bounds_policy="pad")
            return fn.reductions.sum(first, dtype=types.INT32)

        ends = [0, end(1), end(2), end(3)]
        pipeline.set_outputs(
            sizes, *(record["image/encoded"][start:stop] for start, stop in pairwise(ends))
        )
    pipeline.build()
    return pipeline


def cut(encoded: bytes, sizes: np.ndarray) -> list[bytes]:
    ends = [0, *np.cumsum(sizes)]
    return [encoded[start:end] for start, end in pairwise(ends)]


def test_records_read_by_tensorflow_are_identical(tiny_dataset) -> None:
    dataset = tiny_dataset()
    assert by_tensorflow(dataset) == written(dataset)


def test_records_read_by_dali_are_identical(tiny_dataset) -> None:
    dataset = tiny_dataset()
    assert by_dali(dataset) == written(dataset)


def test_records_compared_have_one_to_three_photos(tiny_dataset) -> None:
    assert {len(photos) for photos in written(tiny_dataset())} == {1, 2, 3}
