"""Contract of every loader: content and order of batches, and bad records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.errors import CtcError, InputError, UsageError
from ctc.images import encode_jpeg
from ctc.plugin import NO_AUGMENTATION, Augmentation, Batch, BatchStream, LoaderConfig
from ctc.testing import check_loader, corrupt_record

OpenSplit = Callable[[Dataset, str, LoaderConfig], BatchStream]

SMALL = LoaderConfig(32, 40, ("species", "count"), batch_size=4, shuffle=False)
TRAIN = replace(SMALL, augmentation=Augmentation(), shuffle=True)
PLAIN = replace(SMALL, augmentation=NO_AUGMENTATION, image_choice="first")


def batches(
    loader: OpenSplit,
    dataset: Dataset,
    config: LoaderConfig,
    split: str = "train",
    epoch: int = 0,
    start: int = 0,
) -> list[Batch]:
    stream = loader(dataset, split, config)
    try:
        return list(stream.epoch(epoch, start))
    finally:
        stream.close()


def images(found: list[Batch]) -> np.ndarray:
    return np.concatenate([batch.images for batch in found]).astype(np.int16)


def labels(found: list[Batch], name: str) -> list[int]:
    return np.concatenate([batch.labels[name] for batch in found]).tolist()


def test_loader_passes_check_loader(loader_record, tolerance) -> None:
    check_loader(loader_record, tolerance=tolerance)


@pytest.mark.parametrize("image_choice", ["random", "all", "grayscale_stacking"])
@pytest.mark.parametrize("augmentation", [None, Augmentation()])
def test_batches_have_the_event_id_of_each_image(
    loader, tiny_dataset, image_choice, augmentation
) -> None:
    """Event i of a split has 1 + i % 3 photos and species i % 3."""
    config = replace(TRAIN, image_choice=image_choice, augmentation=augmentation)
    found = batches(loader, tiny_dataset(), config, epoch=1)
    ids = [event for batch in found for event in batch.event_ids]
    photos = [1 + i % 3 if image_choice == "all" else 1 for i in range(12)]
    assert sorted(ids) == sorted(f"train-{i}" for i in range(12) for _ in range(photos[i]))
    assert [int(name.removeprefix("train-")) % 3 for name in ids] == labels(found, "species")


def test_training_batches_have_uint8_images_and_int32_labels(loader, tiny_dataset) -> None:
    found = batches(loader, tiny_dataset(), TRAIN)
    assert [batch.images.shape for batch in found] == [(4, 32, 40, 3)] * 3
    assert {batch.images.dtype.name for batch in found} == {"uint8"}
    assert {batch.labels["count"].dtype.name for batch in found} == {"int32"}
    assert sorted(labels(found, "species")) == [0] * 4 + [1] * 4 + [2] * 4
    assert labels(found, "count").count(-1) == 3


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
def test_labels_are_of_first_observation_in_file_order(loader, tiny_dataset, augmentation) -> None:
    found = batches(loader, tiny_dataset(shards=1), replace(SMALL, augmentation=augmentation))
    assert labels(found, "species") == [0, 1, 2] * 4
    assert labels(found, "count") == [0, 1, 0, -1] * 3


def test_epoch_is_reproducible_and_differs_from_others(loader, tiny_dataset) -> None:
    dataset = tiny_dataset()
    first, again, other = (
        images(batches(loader, dataset, TRAIN, epoch=epoch)) for epoch in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_seed_changes_batches(loader, tiny_dataset) -> None:
    dataset = tiny_dataset()
    assert not np.array_equal(
        images(batches(loader, dataset, TRAIN)),
        images(batches(loader, dataset, replace(TRAIN, seed=1))),
    )


@pytest.mark.parametrize(
    "config", [TRAIN, replace(TRAIN, image_choice="all"), replace(SMALL, image_choice="all")]
)
def test_epoch_start_step_gives_rest_of_epoch(loader, tiny_dataset, config) -> None:
    dataset = tiny_dataset()
    assert np.array_equal(
        images(batches(loader, dataset, config, epoch=3))[8:],
        images(batches(loader, dataset, config, epoch=3, start=2)),
    )


@pytest.mark.parametrize("resize", ["stretch", "fit-crop"])
@pytest.mark.parametrize("choice", ["first", "all", "grayscale_stacking"])
@pytest.mark.parametrize("side", [40, 80, 150])
def test_unaugmented_pixels_equal_evaluation_path(
    loader, tolerance, tiny_dataset, choice, resize, side
) -> None:
    dataset = tiny_dataset(shards=1, smallest_side=side)
    config = replace(SMALL, image_choice=choice, resize=resize, augmentation=NO_AUGMENTATION)
    ours, reference = (
        batches(loader, dataset, config),
        batches(loader, dataset, replace(config, augmentation=None)),
    )
    assert len(images(ours)) == (24 if choice == "all" else 12)
    assert np.abs(images(ours) - images(reference)).mean() < tolerance


def test_resize_stretch_and_fit_crop_differ(loader, tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    stretched, cropped = (
        images(batches(loader, dataset, replace(PLAIN, height=40, width=32, resize=r)))
        for r in ("stretch", "fit-crop")
    )
    assert np.abs(stretched - cropped).mean() > 2


def test_preserve_aspect_equals_fit_crop(loader, tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    kept = replace(
        PLAIN, height=40, width=32, augmentation=replace(NO_AUGMENTATION, preserve_aspect=True)
    )
    cropped = replace(PLAIN, height=40, width=32, resize="fit-crop")
    assert np.array_equal(
        images(batches(loader, dataset, kept)), images(batches(loader, dataset, cropped))
    )


@pytest.mark.parametrize(
    "on",
    [{"crop": 0.4}, {"zoom": 0.4}, {"rotate": 90.0}, {"flip": True}]
    + [{"color": mode} for mode in ("little", "full_fast", "full_randomized")],
    ids=str,
)
def test_augmentation_alone_changes_images(loader, tiny_dataset, on) -> None:
    dataset = tiny_dataset(shards=1)
    varied = images(
        batches(loader, dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, **on)))
    )
    assert np.abs(varied - images(batches(loader, dataset, PLAIN))).mean() > 1


def test_flip_mirrors_about_half_of_photos(loader, tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 40}, shards=1)
    plain = images(batches(loader, dataset, PLAIN))
    flipped = images(
        batches(loader, dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, flip=True)))
    )
    same = [np.abs(a - b).mean() < 1 for a, b in zip(plain, flipped, strict=True)]
    mirrored = [np.abs(a[:, ::-1] - b).mean() < 1 for a, b in zip(plain, flipped, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 10 <= sum(mirrored) <= 30


def test_warp_with_tiny_rotation_equals_resize(loader, tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1, smallest_side=150)
    turned = images(
        batches(loader, dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, rotate=1e-6)))
    )
    assert np.abs(turned - images(batches(loader, dataset, PLAIN))).mean() < 0.1


def test_zoom_out_pads_with_black_and_crop_does_not(loader, tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 40}, shards=1)
    zoomed = images(
        batches(loader, dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, zoom=0.5)))
    )
    cropped = images(
        batches(loader, dataset, replace(PLAIN, augmentation=replace(NO_AUGMENTATION, crop=0.5)))
    )
    assert 10 <= sum(image[0].max() == 0 for image in zoomed) <= 30
    assert cropped.sum(axis=3).min() > 60


@pytest.mark.parametrize("mode", ["little", "full_fast", "full_randomized"])
def test_brightness_varies_by_at_most_20_percent(loader, dataset_of, mode) -> None:
    dataset = dataset_of({"train": [grey_event(i) for i in range(60)]}, {"species": ("none",)})
    config = replace(PLAIN, labels=("species",), augmentation=replace(NO_AUGMENTATION, color=mode))
    means = images(batches(loader, dataset, config)).mean(axis=(1, 2, 3))
    assert 128 - 62 <= means.min() < 90
    assert 166 < means.max() <= 128 + 62
    assert abs(means.mean() - 128) < 12


def test_color_full_fast_alone_tints_grey_photo(loader, dataset_of) -> None:
    dataset = dataset_of({"train": [grey_event(i) for i in range(20)]}, {"species": ("none",)})
    tints = {}
    for mode in ("little", "full_fast", "full_randomized"):
        config = replace(
            PLAIN, labels=("species",), augmentation=replace(NO_AUGMENTATION, color=mode)
        )
        tints[mode] = np.ptp(images(batches(loader, dataset, config)), axis=3).max()
    assert tints["full_fast"] > 10
    assert tints["little"] <= 1
    assert tints["full_randomized"] <= 1


def grey_event(i: int) -> EventRecord:
    jpeg = encode_jpeg(np.full((48, 64, 3), 128, np.uint8), 90)
    return EventRecord(f"grey {i}", (jpeg,), ((48, 64),), {"species": (0,)}, (f"{i}.jpg",), {})


def test_grayscale_stacking_disables_color_augmentation(loader, tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    stacked = replace(PLAIN, image_choice="grayscale_stacking")
    colored = replace(stacked, augmentation=replace(NO_AUGMENTATION, color="full_randomized"))
    assert np.array_equal(
        images(batches(loader, dataset, stacked)), images(batches(loader, dataset, colored))
    )


def test_image_choice_random_varies_between_epochs(loader, tiny_dataset) -> None:
    dataset = tiny_dataset(shards=1)
    every = images(batches(loader, dataset, replace(PLAIN, image_choice="all")))[
        3:6
    ]  # the third event, three photos
    config = replace(PLAIN, image_choice="random")
    seen = set()
    for epoch in range(12):
        photo = images(batches(loader, dataset, config, epoch=epoch))[2]
        seen.add([np.array_equal(photo, one) for one in every].index(True))
    assert seen == {0, 1, 2}


def test_evaluation_takes_first_photo_for_random(loader, tiny_dataset) -> None:
    dataset = tiny_dataset()
    first, random = (
        images(batches(loader, dataset, replace(SMALL, image_choice=c)))
        for c in ("first", "random")
    )
    assert np.array_equal(first, random)


def test_observation_random_varies_between_epochs(loader, dataset_of) -> None:
    event = replace(grey_event(0), labels={"species": (0, 1, 2), "count": (2, 0, 1)})
    dataset = dataset_of(
        {"train": [event] * 4}, {"species": ("a", "b", "c"), "count": ("1", "2", "3")}
    )
    found = [
        batches(loader, dataset, replace(PLAIN, observation="random"), epoch=epoch)
        for epoch in range(8)
    ]
    pairs = {
        pair
        for one in found
        for pair in zip(labels(one, "species"), labels(one, "count"), strict=True)
    }
    assert pairs == {(0, 2), (1, 0), (2, 1)}
    assert set(labels(batches(loader, dataset, PLAIN), "species")) == {0}


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
@pytest.mark.parametrize("choice", ["first", "all"])
@pytest.mark.parametrize("on_bad", ["fail", "skip"])
def test_shard_readers_split_samples_with_same_steps(
    loader, tiny_dataset, augmentation, choice, on_bad
) -> None:
    dataset = tiny_dataset()
    config = replace(
        PLAIN,
        image_choice=choice,
        augmentation=augmentation,
        shuffle=True,
        on_bad_record=on_bad,
        batch_size=3,
    )
    parts = [batches(loader, dataset, replace(config, shard=(i, 3)), epoch=1) for i in range(3)]
    whole = images(batches(loader, dataset, config, epoch=1))
    assert len({len(part) for part in parts}) == 1
    together = np.concatenate([images(part) for part in parts])
    assert sorted(map(_key, together)) == sorted(map(_key, whole))


def _key(image: np.ndarray) -> bytes:
    return image.tobytes()


def test_samples_and_steps_are_known_before_reading(loader, tiny_dataset) -> None:
    dataset = tiny_dataset()
    stream = loader(dataset, "train", replace(TRAIN, batch_size=5))
    assert (stream.samples, stream.steps, stream.skipped) == (12, 3, 0)
    dropping = loader(
        dataset, "train", replace(TRAIN, batch_size=5, image_choice="all", drop_remainder=True)
    )
    assert (dropping.samples, dropping.steps) == (20, 4)
    assert [len(batch.images) for batch in dropping.epoch(0)] == [5] * 4


def test_evaluation_last_batch_may_be_smaller(loader, tiny_dataset) -> None:
    assert [len(batch.images) for batch in batches(loader, tiny_dataset(), SMALL, "test")] == [4, 2]


def test_label_may_have_any_name(loader, dataset_of, tiny_dataset) -> None:
    event = grey_event(0)
    odd = "Zähl/mal: 'x' \n{}"
    renamed = replace(event, labels={odd: (3,)})
    dataset = dataset_of({"train": [renamed] * 4}, {odd: ("a", "b", "c", "d")})
    assert labels(batches(loader, dataset, replace(PLAIN, labels=(odd,))), odd) == [3] * 4


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
def test_damaged_record_error_names_file_and_offset(loader, tiny_dataset, augmentation) -> None:
    dataset = tiny_dataset()
    file, offset = corrupt_record(dataset)
    with pytest.raises(InputError, match="checksum") as caught:
        batches(loader, dataset, replace(PLAIN, augmentation=augmentation))
    assert f"{file}' at offset {offset}" in str(caught.value)


@pytest.mark.parametrize(("augmentation", "samples"), [(None, 11), (NO_AUGMENTATION, 12)])
def test_damaged_record_is_counted_and_replaced_in_training(
    loader, tiny_dataset, augmentation, samples
) -> None:
    dataset = tiny_dataset()
    corrupt_record(dataset)
    stream = loader(
        dataset, "train", replace(PLAIN, augmentation=augmentation, on_bad_record="skip")
    )
    counts = [len(images(list(stream.epoch(epoch)))) for epoch in (0, 1)]
    assert (counts, stream.skipped) == ([samples, samples], 1)


@pytest.mark.parametrize("choice", ["first", "all"])
def test_bad_records_keep_steps_of_all_readers(loader, tiny_dataset, choice) -> None:
    dataset = tiny_dataset()
    corrupt_record(dataset)
    config = replace(
        TRAIN, image_choice=choice, on_bad_record="skip", batch_size=3, drop_remainder=True
    )
    sizes = [
        [len(batch.images) for batch in batches(loader, dataset, replace(config, shard=(i, 2)))]
        for i in (0, 1)
    ]
    assert sizes == [[3] * (4 if choice == "all" else 2)] * 2


@pytest.mark.parametrize("choice", ["first", "all"])
def test_bad_records_only_is_an_error(loader, dataset_of, choice) -> None:
    bad = replace(grey_event(0), labels={})
    dataset = dataset_of({"train": [bad] * 4}, {"species": ("none",)})
    config = replace(PLAIN, labels=("species",), image_choice=choice, on_bad_record="skip")
    with pytest.raises(InputError, match="species"):
        batches(loader, dataset, config)


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
@pytest.mark.parametrize("fault", ["cut", "noise", "label"])
def test_bad_photo_or_missing_label_error_names_offset(
    loader, dataset_of, augmentation, fault
) -> None:
    good = grey_event(0)
    bad = {
        "cut": replace(good, jpegs=(good.jpegs[0][:300],)),
        "noise": replace(good, jpegs=(b"no jpeg at all",)),
        "label": replace(good, labels={}),
    }[fault]
    dataset = dataset_of({"train": [good] * 6 + [bad] + [good] * 6}, {"species": ("none",)})
    config = replace(PLAIN, labels=("species",), augmentation=augmentation)
    offset = int(
        (dataset.folder / "train-00000-of-00001.idx").read_text().splitlines()[6].split()[0]
    )
    with pytest.raises(InputError, match=rf"train-00000-of-00001\.tfrecord' at offset {offset}: "):
        batches(loader, dataset, config)
    stream = loader(dataset, "train", replace(config, on_bad_record="skip"))
    assert len(images(list(stream.epoch(0)))) == (12 if augmentation is None else 13)
    assert stream.skipped == 1


def test_unknown_label_suggests_closest(loader, tiny_dataset) -> None:
    with pytest.raises(UsageError, match="did you mean 'species'"):
        loader(tiny_dataset(), "train", replace(TRAIN, labels=("specie",)))


def test_unknown_split_suggests_closest(loader, tiny_dataset) -> None:
    with pytest.raises(UsageError, match="did you mean 'train'"):
        loader(tiny_dataset(), "trian", TRAIN)


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
def test_closed_epoch_must_be_restarted(loader, tiny_dataset, augmentation) -> None:
    stream = loader(tiny_dataset(), "train", replace(PLAIN, augmentation=augmentation))
    batches = stream.epoch(0)
    first = images([next(batches)])
    stream.close()
    with pytest.raises(
        RuntimeError, match="the stream was closed while epoch 0 was read: begin the epoch again"
    ):
        next(batches)
    assert np.array_equal(first, images([next(stream.epoch(0))]))


def test_too_few_samples_for_a_batch_is_an_error(loader, tiny_dataset) -> None:
    with pytest.raises(InputError, match="12 samples, too few"):
        loader(tiny_dataset(), "train", replace(TRAIN, batch_size=64, drop_remainder=True))


def test_open_split_rejects_missing_or_truncated_shard(loader, tiny_dataset) -> None:
    dataset = tiny_dataset()
    first, second = (dataset.folder / shard.file for shard in dataset.shards("train"))
    first.write_bytes(first.read_bytes()[:-10])
    with pytest.raises(InputError, match="bytes of"):
        loader(dataset, "train", TRAIN)
    first.unlink()
    with pytest.raises(CtcError, match="can't be read"):
        loader(dataset, "train", TRAIN)
    assert second.is_file()
