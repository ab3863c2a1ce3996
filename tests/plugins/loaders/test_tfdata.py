"""The loader `tfdata`: what its batches hold, in which order, and what happens to bad records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.errors import CtcError, InputError, UsageError
from ctc.images import encode_jpeg
from ctc.plugin import NO_AUGMENTATION, Augmentation, Batch, LoaderConfig
from ctc_plugins.loaders.tfdata import available, open_split

pytest.importorskip("tensorflow", reason="needs TensorFlow: pip install camera-trap-classifier[train]")

SMALL = LoaderConfig(32, 40, ("species", "count"), batch_size=4, shuffle=False)
TRAIN = replace(SMALL, augmentation=Augmentation(), shuffle=True)
PLAIN = replace(SMALL, augmentation=NO_AUGMENTATION, image_choice="first")


def batches(
    dataset: Dataset, config: LoaderConfig, split: str = "train", epoch: int = 0, start: int = 0
) -> list[Batch]:
    stream = open_split(dataset, split, config)
    try:
        return list(stream.epoch(epoch, start))
    finally:
        stream.close()


def images(found: list[Batch]) -> np.ndarray:
    return np.concatenate([batch.images for batch in found]).astype(np.int16)


def labels(found: list[Batch], name: str) -> list[int]:
    return np.concatenate([batch.labels[name] for batch in found]).tolist()


def damage(dataset: Dataset, shard: int, record: int, at: int = 100) -> str:
    """Flip a byte in a record of the train split; returns where it lies."""
    entry = dataset.shards("train")[shard]
    offset = int((dataset.folder / entry.index).read_text().splitlines()[record].split()[0])
    path = dataset.folder / entry.file
    data = bytearray(path.read_bytes())
    data[offset + at] ^= 0xFF
    path.write_bytes(data)
    return f"{entry.file}' at offset {offset}"


def test_it_runs_where_tensorflow_is() -> None:
    assert available() is None


def test_training_batches_are_uint8_images_and_int32_labels(tiny_dataset) -> None:
    found = batches(tiny_dataset(), TRAIN)
    assert [batch.images.shape for batch in found] == [(4, 32, 40, 3)] * 3
    assert {batch.images.dtype.name for batch in found} == {"uint8"}
    assert {batch.labels["count"].dtype.name for batch in found} == {"int32"}
    assert sorted(labels(found, "species")) == [0] * 4 + [1] * 4 + [2] * 4
    assert labels(found, "count").count(-1) == 3


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
def test_labels_are_those_of_the_first_observation_in_file_order(tiny_dataset, augmentation) -> None:
    found = batches(tiny_dataset(shards=1), replace(SMALL, augmentation=augmentation))
    assert labels(found, "species") == [0, 1, 2] * 4
    assert labels(found, "count") == [0, 1, 0, -1] * 3


def test_the_same_epoch_gives_the_same_batches_and_another_one_others(tiny_dataset) -> None:
    dataset = tiny_dataset()
    first, again, other = (images(batches(dataset, TRAIN, epoch=epoch)) for epoch in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_another_seed_gives_other_batches(tiny_dataset) -> None:
    dataset = tiny_dataset()
    assert not np.array_equal(images(batches(dataset, TRAIN)), images(batches(dataset, replace(TRAIN, seed=1))))


@pytest.mark.parametrize("config", [TRAIN, replace(TRAIN, image_choice="all"), replace(SMALL, image_choice="all")])
def test_resuming_gives_the_rest_of_the_epoch(tiny_dataset, config) -> None:
    dataset = tiny_dataset()
    assert np.array_equal(
        images(batches(dataset, config, epoch=3))[8:], images(batches(dataset, config, epoch=3, start=2))
    )


@pytest.mark.parametrize("resize", ["stretch", "fit-crop"])
@pytest.mark.parametrize("choice", ["first", "all", "grayscale_stacking"])
@pytest.mark.parametrize("side", [40, 80, 150])
def test_with_everything_off_the_pixels_are_those_of_the_evaluation_path(tiny_dataset, choice, resize, side) -> None:
    dataset = tiny_dataset(shards=1, smallest_side=side)
    config = replace(SMALL, image_choice=choice, resize=resize, augmentation=NO_AUGMENTATION)
    ours, reference = batches(dataset, config), batches(dataset, replace(config, augmentation=None))
    assert len(images(ours)) == (24 if choice == "all" else 12)
    assert np.abs(images(ours) - images(reference)).mean() < 0.5


def test_stretching_and_fit_crop_differ(tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    stretched, cropped = (
        images(batches(dataset, replace(PLAIN, height=40, width=32, resize=r))) for r in ("stretch", "fit-crop")
    )
    assert np.abs(stretched - cropped).mean() > 2


def test_preserve_aspect_is_fit_crop(tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    kept = replace(PLAIN, height=40, width=32, augmentation=replace(NO_AUGMENTATION, preserve_aspect=True))
    cropped = replace(PLAIN, height=40, width=32, resize="fit-crop")
    assert np.array_equal(images(batches(dataset, kept)), images(batches(dataset, cropped)))


@pytest.mark.parametrize(
    "on",
    [{"crop": 0.4}, {"zoom": 0.4}, {"rotate": 90.0}, {"flip": True}]
    + [{"color": mode} for mode in ("little", "full_fast", "full_randomized")],
    ids=str,
)
def test_each_augmentation_alone_changes_the_images(tiny_dataset, on) -> None:
    dataset = tiny_dataset(shards=1)
    varied = images(batches(dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, **on))))
    assert np.abs(varied - images(batches(dataset, PLAIN))).mean() > 1


def test_flip_mirrors_about_half_of_the_photos_and_changes_nothing_else(tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 40}, shards=1)
    plain = images(batches(dataset, PLAIN))
    flipped = images(batches(dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, flip=True))))
    same = [np.array_equal(a, b) for a, b in zip(plain, flipped, strict=True)]
    mirrored = [np.array_equal(a[:, ::-1], b) for a, b in zip(plain, flipped, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 10 <= sum(mirrored) <= 30


def test_the_warp_is_the_resize_when_it_turns_by_almost_nothing(tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1, smallest_side=150)
    turned = images(batches(dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, rotate=1e-6))))
    assert np.abs(turned - images(batches(dataset, PLAIN))).mean() < 0.1


def test_zooming_out_pads_with_black_and_cropping_never_does(tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 40}, shards=1)
    zoomed = images(batches(dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, zoom=0.5))))
    cropped = images(batches(dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, crop=0.5))))
    assert 10 <= sum(image[0].max() == 0 for image in zoomed) <= 30
    assert cropped.sum(axis=3).min() > 60


@pytest.mark.parametrize("mode", ["little", "full_fast", "full_randomized"])
def test_brightness_varies_by_about_a_fifth_at_most(dataset_of, mode) -> None:
    dataset = dataset_of({"train": [grey_event(i) for i in range(60)]}, {"species": ("none",)})
    config = replace(PLAIN, labels=("species",), augmentation=replace(NO_AUGMENTATION, color=mode))
    means = images(batches(dataset, config)).mean(axis=(1, 2, 3))
    assert 128 - 62 <= means.min() < 90
    assert 166 < means.max() <= 128 + 62
    assert abs(means.mean() - 128) < 12


def test_only_full_fast_tints_a_grey_photo(dataset_of) -> None:
    dataset = dataset_of({"train": [grey_event(i) for i in range(20)]}, {"species": ("none",)})
    tints = {}
    for mode in ("little", "full_fast", "full_randomized"):
        config = replace(PLAIN, labels=("species",), augmentation=replace(NO_AUGMENTATION, color=mode))
        tints[mode] = np.ptp(images(batches(dataset, config)), axis=3).max()
    assert tints["full_fast"] > 10
    assert tints["little"] <= 1
    assert tints["full_randomized"] <= 1


def grey_event(i: int) -> EventRecord:
    jpeg = encode_jpeg(np.full((48, 64, 3), 128, np.uint8), 90)
    return EventRecord(f"grey {i}", (jpeg,), ((48, 64),), {"species": (0,)}, (f"{i}.jpg",), {})


def test_grayscale_stacking_switches_colour_augmentation_off(tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    stacked = replace(PLAIN, image_choice="grayscale_stacking")
    colored = replace(stacked, augmentation=replace(NO_AUGMENTATION, color="full_randomized"))
    assert np.array_equal(images(batches(dataset, stacked)), images(batches(dataset, colored)))


def test_the_random_photo_is_one_of_the_event_and_another_in_other_epochs(tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    every = images(batches(dataset, replace(PLAIN, image_choice="all")))[3:6]  # the third event, three photos
    config = replace(PLAIN, image_choice="random")
    seen = set()
    for epoch in range(12):
        photo = images(batches(dataset, config, epoch=epoch))[2]
        seen.add([np.array_equal(photo, one) for one in every].index(True))
    assert seen == {0, 1, 2}


def test_evaluation_takes_the_first_photo_for_random(tiny_dataset) -> None:
    dataset = tiny_dataset()
    first, random = (images(batches(dataset, replace(SMALL, image_choice=c))) for c in ("first", "random"))
    assert np.array_equal(first, random)


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
@pytest.mark.parametrize("choice", ["first", "all"])
@pytest.mark.parametrize("on_bad", ["fail", "skip"])
def test_readers_share_the_samples_and_make_the_same_steps(tiny_dataset, augmentation, choice, on_bad) -> None:
    dataset = tiny_dataset()
    config = replace(
        PLAIN, image_choice=choice, augmentation=augmentation, shuffle=True, on_bad_record=on_bad, batch_size=3
    )
    parts = [batches(dataset, replace(config, shard=(i, 3)), epoch=1) for i in range(3)]
    whole = images(batches(dataset, config, epoch=1))
    assert len({len(part) for part in parts}) == 1
    together = np.concatenate([images(part) for part in parts])
    assert sorted(map(_key, together)) == sorted(map(_key, whole))


def _key(image: np.ndarray) -> bytes:
    return image.tobytes()


def test_samples_and_steps_are_told_before_reading(tiny_dataset) -> None:
    dataset = tiny_dataset()
    stream = open_split(dataset, "train", replace(TRAIN, batch_size=5))
    assert (stream.samples, stream.steps, stream.skipped) == (12, 3, 0)
    dropping = open_split(dataset, "train", replace(TRAIN, batch_size=5, image_choice="all", drop_remainder=True))
    assert (dropping.samples, dropping.steps) == (20, 4)
    assert [len(batch.images) for batch in dropping.epoch(0)] == [5] * 4


def test_the_last_batch_of_an_evaluation_may_be_smaller(tiny_dataset) -> None:
    assert [len(batch.images) for batch in batches(tiny_dataset(), SMALL, "test")] == [4, 2]


def test_a_label_may_have_any_name(dataset_of, tiny_dataset) -> None:
    event = grey_event(0)
    odd = "Zähl/mal: 'x' \n{}"
    renamed = replace(event, labels={odd: (3,)})
    dataset = dataset_of({"train": [renamed] * 4}, {odd: ("a", "b", "c", "d")})
    assert labels(batches(dataset, replace(PLAIN, labels=(odd,))), odd) == [3] * 4


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
def test_a_damaged_record_fails_with_its_place(tiny_dataset, augmentation) -> None:
    dataset = tiny_dataset()
    where = damage(dataset, 1, 2)
    with pytest.raises(InputError, match="checksum") as caught:
        batches(dataset, replace(PLAIN, augmentation=augmentation))
    assert where in str(caught.value)


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
def test_a_damaged_record_is_skipped_and_counted_once(tiny_dataset, augmentation) -> None:
    dataset = tiny_dataset()
    damage(dataset, 1, 2)
    stream = open_split(dataset, "train", replace(PLAIN, augmentation=augmentation, on_bad_record="skip"))
    counts = [len(images(list(stream.epoch(epoch)))) for epoch in (0, 1)]
    assert (counts, stream.skipped) == ([11, 11], 1)


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
@pytest.mark.parametrize("fault", ["cut", "noise", "label"])
def test_a_bad_photo_or_a_lost_label_fails_with_its_place(dataset_of, augmentation, fault) -> None:
    good = grey_event(0)
    bad = {
        "cut": replace(good, jpegs=(good.jpegs[0][:300],)),
        "noise": replace(good, jpegs=(b"no jpeg at all",)),
        "label": replace(good, labels={}),
    }[fault]
    dataset = dataset_of({"train": [good] * 6 + [bad] + [good] * 6}, {"species": ("none",)})
    config = replace(PLAIN, labels=("species",), augmentation=augmentation)
    offset = int((dataset.folder / "train-00000-of-00001.idx").read_text().splitlines()[6].split()[0])
    with pytest.raises(InputError, match=rf"train-00000-of-00001\.tfrecord' at offset {offset}: "):
        batches(dataset, config)
    stream = open_split(dataset, "train", replace(config, on_bad_record="skip"))
    assert len(images(list(stream.epoch(0)))) == 12
    assert stream.skipped == 1


def test_an_unknown_label_names_the_nearest(tiny_dataset) -> None:
    with pytest.raises(UsageError, match="did you mean 'species'"):
        open_split(tiny_dataset(), "train", replace(TRAIN, labels=("specie",)))


def test_an_unknown_split_names_the_nearest(tiny_dataset) -> None:
    with pytest.raises(UsageError, match="did you mean 'train'"):
        open_split(tiny_dataset(), "trian", TRAIN)


def test_too_few_samples_for_a_batch_is_an_error(tiny_dataset) -> None:
    with pytest.raises(InputError, match="12 samples, too few"):
        open_split(tiny_dataset(), "train", replace(TRAIN, batch_size=64, drop_remainder=True))


def test_a_missing_or_cut_shard_is_told_when_opening(tiny_dataset) -> None:
    dataset = tiny_dataset()
    first, second = (dataset.folder / shard.file for shard in dataset.shards("train"))
    first.write_bytes(first.read_bytes()[:-10])
    with pytest.raises(InputError, match="bytes of"):
        open_split(dataset, "train", TRAIN)
    first.unlink()
    with pytest.raises(CtcError, match="can't be read"):
        open_split(dataset, "train", TRAIN)
    assert second.is_file()
