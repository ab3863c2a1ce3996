"""Tests of the loader `turbo` besides the contract of all loaders."""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.errors import InputError
from ctc.plugin import NO_AUGMENTATION, Augmentation, Batch, LoaderConfig
from ctc_plugins.loaders.turbo.loader import available, open_split

TRAIN = LoaderConfig(32, 40, ("species", "count"), batch_size=4, augmentation=Augmentation())


def epoch(dataset: Dataset, config: LoaderConfig, index: int = 0, start: int = 0) -> list[Batch]:
    return list(open_split(dataset, "train", config).epoch(index, start))


def images(found: list[Batch]) -> np.ndarray:
    return np.concatenate([batch.images for batch in found]).astype(np.int16)


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ctc-turbo")]


def test_available_with_crc32c() -> None:
    assert available() is None


@pytest.mark.parametrize("choice", ["random", "all", "grayscale_stacking"])
def test_batches_do_not_depend_on_threads(tiny_dataset, choice) -> None:
    dataset = tiny_dataset()
    made = [
        images(epoch(dataset, replace(TRAIN, threads=n, image_choice=choice))) for n in (1, 2, 5)
    ]
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])


def test_epoch_resumes_bit_identically_in_another_stream(tiny_dataset) -> None:
    dataset = tiny_dataset()
    whole = epoch(dataset, TRAIN, index=4)
    rest = epoch(dataset, replace(TRAIN, threads=3), index=4, start=1)
    assert np.array_equal(images(rest), images(whole)[4:])
    assert [batch.labels["species"].tolist() for batch in rest] == [
        b.labels["species"].tolist() for b in whole[1:]
    ]


@pytest.mark.parametrize("resize", ["stretch", "fit-crop"])
@pytest.mark.parametrize("size", [(224, 224), (299, 299), (50, 50), (384, 512)])
def test_unaugmented_images_equal_evaluation_path(real_dataset, resize, size) -> None:
    config = LoaderConfig(
        *size, ("species",), resize=resize, shuffle=False, augmentation=NO_AUGMENTATION
    )
    assert np.array_equal(
        images(epoch(real_dataset, config)),
        images(epoch(real_dataset, replace(config, augmentation=None))),
    )


@pytest.mark.parametrize("choice", ["first", "grayscale_stacking"])
@pytest.mark.parametrize("size", [(224, 224), (384, 512)])
def test_affine_transform_is_close_to_evaluation_path(real_dataset, choice, size) -> None:
    config = LoaderConfig(*size, ("species",), image_choice=choice, shuffle=False)
    rotated = replace(config, augmentation=replace(NO_AUGMENTATION, rotate=1e-6))
    assert (
        np.abs(images(epoch(real_dataset, rotated)) - images(epoch(real_dataset, config))).mean()
        < 0.5
    )


def test_kept_batches_are_not_overwritten(tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 60})
    kept = epoch(dataset, TRAIN)
    copies = [batch.images.copy() for batch in open_split(dataset, "train", TRAIN).epoch(0)]
    assert all(np.array_equal(batch.images, copy) for batch, copy in zip(kept, copies, strict=True))


def test_released_batches_are_reused(tiny_dataset) -> None:
    stream = open_split(tiny_dataset({"train": 60}), "train", TRAIN)
    addresses = [batch.images.__array_interface__["data"][0] for batch in stream.epoch(0)]
    assert len(addresses) == 15
    assert len(set(addresses)) <= 7


def test_closing_early_ends_threads(tiny_dataset) -> None:
    batches = open_split(tiny_dataset({"train": 60}), "train", TRAIN).epoch(0)
    next(batches)
    assert workers()
    batches.close()
    assert not workers()


def test_bad_record_ends_threads(tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 60})
    path = dataset.folder / dataset.shards("train")[0].file
    data = bytearray(path.read_bytes())
    data[5000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match="checksum"):
        epoch(dataset, TRAIN)
    assert not workers()


def test_worker_pool_restores_opencv_threads(tiny_dataset) -> None:
    before = cv2.getNumThreads()
    stream = open_split(tiny_dataset({"train": 60}), "train", TRAIN)
    one, two = stream.epoch(0), stream.epoch(1)
    next(one), next(two)
    one.close()
    assert cv2.getNumThreads() == 1
    two.close()
    assert cv2.getNumThreads() == before


def test_open_split_rejects_incomplete_index(tiny_dataset) -> None:
    dataset = tiny_dataset()
    index = dataset.folder / dataset.shards("train")[0].index_file
    index.write_text("".join(index.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match="list 11 records of 12"):
        open_split(dataset, "train", TRAIN)


def test_missing_shard_after_opening_is_named(tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    stream = open_split(dataset, "train", TRAIN)
    path = dataset.folder / dataset.shards("train")[0].file
    path.unlink()
    with pytest.raises(InputError, match=rf"{path.name}' can't be read"):
        list(stream.epoch(0))


def test_cmyk_photo_is_rejected(shared, dataset_of) -> None:
    jpeg = (shared / "data/camera-trap-photos/african_elephants_cmyk.jpg").read_bytes()
    event = EventRecord("e", (jpeg,), ((1, 1),), {"species": (0,)}, ("a.jpg",), {})
    dataset = dataset_of({"train": [event]}, {"species": ("none",)})
    with pytest.raises(InputError, match="at offset 0: photo 0: a CMYK JPEG"):
        epoch(dataset, replace(TRAIN, labels=("species",)))
