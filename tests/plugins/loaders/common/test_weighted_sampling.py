"""Weighted sampling: how often loaders repeat events."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.event_record import EventRecord
from ctc.errors import UsageError
from ctc.images import encode_jpeg
from ctc.plugin import NO_AUGMENTATION, Augmentation, Batch, LoaderConfig, SamplingWeights
from ctc.testing import corrupt_record
from ctc_plugins.loaders.common.weighted_sampling import systematic_sample

CLASSES = {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}
SMALL = LoaderConfig(
    16, 16, ("count", "species"), batch_size=4, image_choice="first", shuffle=False
)
PLAIN = replace(SMALL, augmentation=NO_AUGMENTATION)


def event(number: int, species: tuple[int, ...]) -> EventRecord:
    jpeg = encode_jpeg(np.full((16, 16, 3), 10 * number, np.uint8), 90)
    labels = {"species": species, "count": (0,) * len(species)}
    return EventRecord(f"e{number}", (jpeg,), ((16, 16),), labels, (f"{number}.jpg",), {})


def epochs(loader, dataset, config: LoaderConfig, count: int = 1) -> list[Batch]:
    with closing(loader(dataset, "train", config)) as stream:
        return [batch for index in range(count) for batch in stream.epoch(index)]


def values(found: list[Batch], label: str) -> list:
    return np.concatenate([batch.labels[label] for batch in found]).tolist()


def test_sampling_weights_must_be_positive_per_class(loader, tiny_dataset) -> None:
    with pytest.raises(UsageError, match="'count' has 2 classes: give each a weight above 0"):
        loader(
            tiny_dataset(),
            "train",
            replace(PLAIN, draw_weights=SamplingWeights("count", (1.0, 0.0))),
        )


@pytest.mark.parametrize("on_bad", ["fail", "skip"])
def test_sampling_weights_repeat_rare_class(loader, dataset_of, on_bad) -> None:
    events = [event(number, (1 if number == 3 else 0,)) for number in range(20)]
    dataset = dataset_of({"train": events}, CLASSES, shards=2)
    weights = SamplingWeights("species", (20 / 38, 20 / 2, 1.0))
    config = replace(PLAIN, shuffle=True, draw_weights=weights, on_bad_record=on_bad)
    assert values(epochs(loader, dataset, config), "species").count(1) == 10


def test_sampling_repetitions_are_augmented_differently(loader, dataset_of) -> None:
    events = [
        replace(event(number, (1 if number == 3 else 0,)), jpegs=(_noise(number),))
        for number in range(8)
    ]
    dataset = dataset_of({"train": events}, CLASSES)
    config = replace(
        SMALL, augmentation=Augmentation(), draw_weights=SamplingWeights("species", (1.0, 7.0, 1.0))
    )
    found = epochs(loader, dataset, config)
    again = np.concatenate([batch.images for batch in found])[
        np.array(values(found, "species")) == 1
    ]
    assert len(again) == 4
    assert len(np.unique(again.reshape(4, -1), axis=0)) == 4


@pytest.mark.parametrize(("multi_label", "expected"), [((), 0), (("species",), 10)])
def test_row_weights_use_second_observation_only_if_multi_label(
    loader, dataset_of, multi_label, expected
) -> None:
    events = [event(number, (0, 1) if number == 3 else (0, 0)) for number in range(20)]
    dataset = dataset_of({"train": events}, CLASSES)
    weights = SamplingWeights("species", (20 / 38, 20 / 2, 1.0))
    config = replace(PLAIN, labels=("species",), draw_weights=weights, multi_label=multi_label)
    found = values(epochs(loader, dataset, config), "species")
    assert sum(row == [1, 1, 0] for row in found) == expected


def test_sampling_gives_all_readers_same_steps(loader, tiny_dataset) -> None:
    config = replace(
        PLAIN, shuffle=True, draw_weights=SamplingWeights("species", (9.0, 1.0, 1.0)), batch_size=3
    )
    dataset = tiny_dataset()
    parts = [epochs(loader, dataset, replace(config, shard=(number, 2))) for number in (0, 1)]
    assert [[len(batch.images) for batch in part] for part in parts] == [[3, 3], [3, 3]]


def test_sampling_reports_damaged_record(loader, tiny_dataset) -> None:
    dataset = tiny_dataset()
    file, offset = corrupt_record(dataset)
    config = replace(PLAIN, draw_weights=SamplingWeights("species", (1.0, 1.0, 1.0)))
    with pytest.raises(Exception, match=rf"{file}' at offset {offset}"):
        epochs(loader, dataset, config)


def test_systematic_sample_counts_are_weights_rounded() -> None:
    weights = np.array([0.5, 2.5, 1.0, 4.0, 0.0, 1.0, 1.0, 6.0])
    for epoch in range(20):
        times = np.bincount(systematic_sample(weights, 7, epoch), minlength=8)
        assert times.sum() == 8
        assert (np.abs(times - weights / 2) < 1).all()


def test_systematic_sample_with_equal_weights_takes_all_once() -> None:
    assert systematic_sample(np.full(1000, 0.1), 0, 3).tolist() == list(range(1000))


def test_systematic_sample_depends_on_seed_and_epoch() -> None:
    weights = np.random.default_rng(0).random(100)
    first = systematic_sample(weights, 1, 2).tolist()
    assert first == systematic_sample(weights, 1, 2).tolist()
    assert first != systematic_sample(weights, 1, 3).tolist()
    assert first != systematic_sample(weights, 2, 2).tolist()


def _noise(seed: int) -> bytes:
    return encode_jpeg(np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8), 90)
