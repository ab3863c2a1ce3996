"""Evaluation samples: selection, order, and the handling of bad records."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError
from ctc.images import decode, to_model_input
from ctc.images.eval_samples import (
    eval_batches,
    eval_samples,
    read_eval_samples,
    read_events,
    record_table,
    sample_count,
    select_photos,
)

SIZE = Preprocessing(24, 32, image_choice="first")
LABELS = ("species", "count")


def samples(dataset: Dataset, preprocessing: Preprocessing = SIZE, on_bad=None, threads: int = 2):
    events = read_events(dataset, "train", record_table(dataset, "train"), on_bad)
    return list(
        eval_samples(select_photos(events, preprocessing), preprocessing, LABELS, on_bad, threads)
    )


def test_eval_samples_are_in_file_order_with_labels_of_first_observation(
    tiny_dataset,
) -> None:
    found = samples(tiny_dataset())
    assert [sample.event_id for sample in found[:3]] == ["train-0", "train-2", "train-4"]
    assert [sample.labels for sample in found[:2]] == [
        {"species": 0, "count": 0},
        {"species": 2, "count": 0},
    ]
    assert found[7].labels == {"species": 0, "count": -1}


def test_eval_samples_have_pixels_of_record(tiny_dataset) -> None:
    dataset = tiny_dataset()
    (_, event), *_ = read_events(dataset, "train", record_table(dataset, "train"))
    assert np.array_equal(
        samples(dataset)[0].image, to_model_input(decode(event.jpegs[0], (24, 32)), SIZE)
    )


@pytest.mark.parametrize(
    ("choice", "count"), [("first", 12), ("random", 12), ("grayscale_stacking", 12), ("all", 24)]
)
def test_sample_count_depends_on_image_choice(tiny_dataset, choice, count) -> None:
    dataset, chosen = tiny_dataset(), replace(SIZE, image_choice=choice)
    assert len(samples(dataset, chosen)) == sample_count(dataset, "train", chosen) == count


def test_select_photos_random_takes_first(tiny_dataset) -> None:
    dataset = tiny_dataset()
    random = samples(dataset, replace(SIZE, image_choice="random"))
    assert {sample.photos for sample in random} == {(0,)}


def test_select_photos_all_and_grayscale_stacking(tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    every = samples(dataset, replace(SIZE, image_choice="all"))
    assert [sample.photos for sample in every[:6]] == [(0,), (0,), (1,), (0,), (1,), (2,)]
    stacked = samples(dataset, replace(SIZE, image_choice="grayscale_stacking"))
    assert [sample.photos for sample in stacked[:3]] == [(0,), (0, 1), (0, 1, 2)]
    assert np.ptp(stacked[0].image, axis=2).max() == 0
    assert np.array_equal(stacked[1].image[..., 1], stacked[1].image[..., 2])
    assert not np.array_equal(stacked[1].image[..., 0], stacked[1].image[..., 1])


def test_eval_samples_are_equal_for_any_threads(tiny_dataset) -> None:
    dataset = tiny_dataset()
    one, many = samples(dataset, threads=1), samples(dataset, threads=5)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(one, many, strict=True))


@pytest.mark.parametrize("choice", ["first", "all", "grayscale_stacking"])
def test_read_eval_samples_are_those_of_eval_samples(tiny_dataset, choice) -> None:
    dataset, preprocessing = tiny_dataset(), replace(SIZE, image_choice=choice)
    table = record_table(dataset, "train")
    found = list(
        read_eval_samples(dataset, "train", table, preprocessing, LABELS, threads=2, ahead=64)
    )
    expected = samples(dataset, preprocessing)
    assert [(one.event_id, one.photos, one.labels) for one in found] == [
        (one.event_id, one.photos, one.labels) for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_read_eval_samples_reads_records_in_its_threads(tiny_dataset, monkeypatch) -> None:
    readers: set[str] = set()
    module = sys.modules[read_eval_samples.__module__]
    bytes_of = module.read_record_bytes

    def reading(dataset, split, row):
        readers.add(threading.current_thread().name.split("_")[0])
        return bytes_of(dataset, split, row)

    monkeypatch.setattr(module, "read_record_bytes", reading)
    dataset = tiny_dataset()
    table = record_table(dataset, "train")
    found = read_eval_samples(dataset, "train", table, SIZE, LABELS, threads=1, ahead=len(table))
    next(found)
    found.close()
    assert readers == {"ctc-decode"}


def test_read_eval_samples_report_a_bad_record(tiny_dataset) -> None:
    dataset = tiny_dataset()
    table = record_table(dataset, "train")
    table[1, 1] += 1
    reported: list[InputError] = []
    found = list(read_eval_samples(dataset, "train", table, SIZE, LABELS, reported.append))
    assert (len(found), len(reported)) == (len(table) - 1, 1)
    with pytest.raises(InputError, match="at offset"):
        list(read_eval_samples(dataset, "train", table, SIZE, LABELS))


def test_eval_batches_last_may_be_smaller(tiny_dataset) -> None:
    found = list(eval_batches(samples(tiny_dataset()), LABELS, 5))
    assert [images.shape for images, _ in found] == [(5, 24, 32, 3)] * 2 + [(2, 24, 32, 3)]
    assert found[0][1]["species"].dtype == np.int32


def test_read_events_bad_record_raises_or_is_reported(tiny_dataset) -> None:
    dataset = tiny_dataset()
    path = dataset.folder / dataset.shards("train")[1].file
    _, offset, _ = (int(value) for value in record_table(dataset, "train")[8])
    data = bytearray(path.read_bytes())
    data[offset + 50] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        InputError, match=f"{path.name}' at offset {offset}: the checksum of the record is wrong"
    ):
        samples(dataset)
    bad: list[InputError] = []
    assert len(samples(dataset, on_bad=bad.append)) == 11
    assert len(bad) == 1


def test_preprocess_broken_photo_names_event(dataset_of, tiny_dataset) -> None:
    source = tiny_dataset(name="source", shards=1)
    events = [event for _, event in read_events(source, "train", record_table(source, "train"))]
    events[1] = replace(events[1], jpegs=(events[1].jpegs[0], events[1].jpegs[1][:-200]))
    dataset = dataset_of({"train": events}, {"species": ("a", "b", "c"), "count": ("1", "2")})
    assert len(samples(dataset)) == 12
    with pytest.raises(InputError, match="photo 1 of event 'train-1': premature end"):
        samples(dataset, replace(SIZE, image_choice="all"))


def test_read_events_missing_shard_is_named(tiny_dataset) -> None:
    dataset = tiny_dataset()
    path = dataset.folder / dataset.shards("train")[0].file
    path.unlink()
    with pytest.raises(InputError, match=f"{path.name}' is missing: build the dataset again"):
        samples(dataset)


def test_read_events_invalid_record_is_an_error(tiny_dataset) -> None:
    from ctc.storage.tfrecord import frame

    dataset = tiny_dataset()
    shard = dataset.shards("train")[0]
    record = frame(b"\x0a\x03abc")
    (dataset.folder / shard.file).write_bytes(record)
    (dataset.folder / shard.index_file).write_text(f"0 {len(record)}\n")
    with pytest.raises(InputError, match="at offset 0: the record"):
        samples(dataset)
