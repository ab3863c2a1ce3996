"""A model's answers for a dataset's split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import CtcError, UsageError
from ctc.evaluation.answers.predictions import FOREIGN
from ctc.evaluation.answers.score_split import ScoringConfig, is_infrared, score_split

SPECIES = ("empty", "fox", "wolf")
INFO = ModelInfo({"species": SPECIES}, Preprocessing(16, 24))


def combine(photos: Sequence[Any]) -> Any:
    return {label: np.mean([photo[label] for photo in photos], axis=0) for label in photos[0]}


def by_colour(images):
    """The strongest of green, red and blue."""
    colours = images.mean(axis=(1, 2))[:, [1, 0, 2]]
    return {"species": (colours == colours.max(axis=1, keepdims=True)).astype(np.float32)}


def scored(
    dataset, split: str = "test", info: ModelInfo = INFO, answer: Any = by_colour, **config: Any
):
    return score_split(
        answer, info, dataset, split, combine, ScoringConfig("location", **config), lambda _: None
    )


def test_every_photo_is_answered_and_every_event_combined(colour_dataset) -> None:
    found = scored(colour_dataset).data
    assert (len(found.event_ids), len(found.photos), found.photos_in_event.tolist()[:4]) == (
        48,
        96,
        [1, 2, 3, 1],
    )
    assert found.photos.paths[:3] == ("test/0-0.jpg", "test/1-0.jpg", "test/1-1.jpg")
    assert found.events.paths[1] == "test/1-0.jpg"
    right = found.events.probabilities["species"].argmax(axis=1) == found.truth["species"]
    assert np.flatnonzero(~right).tolist() == [i for i in range(48) if i % 6 == 5]


def test_facts_come_from_the_columns_and_the_colours(colour_dataset) -> None:
    found = scored(colour_dataset).data
    assert found.locations == ("camera 0", "camera 1", "camera 2", "camera 3")
    assert found.timestamps[3] == "2024-03-01T03:00:00"
    assert not found.night.any()


def test_an_infrared_photo_has_one_tint() -> None:
    grey = np.random.default_rng(0).integers(0, 200, (20, 30, 1))
    assert is_infrared(np.repeat(grey, 3, axis=2).astype(np.uint8))
    assert is_infrared((np.repeat(grey, 3, axis=2) + np.array([30, 10, 0])).astype(np.uint8))
    assert not is_infrared(np.random.default_rng(0).integers(0, 200, (20, 30, 3)).astype(np.uint8))


@pytest.mark.parametrize(
    "config", [{"threads": 3, "batch_size": 1}, {"threads": 1, "batch_size": 1000}]
)
def test_threads_and_batches_change_nothing(colour_dataset, config) -> None:
    found, plain = scored(colour_dataset, **config).data, scored(colour_dataset).data
    assert found.photos.paths == plain.photos.paths
    assert np.array_equal(
        found.events.probabilities["species"], plain.events.probabilities["species"]
    )


def test_classes_are_matched_by_name(colour_dataset) -> None:
    fewer = replace(INFO, labels={"species": ("wolf", "empty")})
    found = scored(
        colour_dataset,
        info=fewer,
        answer=lambda images: {"species": np.full((len(images), 2), 0.5, np.float32)},
    )
    assert found.data.truth["species"].tolist()[:3] == [1, FOREIGN, 0]
    assert found.data.foreign == {"species": {"fox": 16}}


def test_a_model_that_takes_an_events_photos_together_has_no_answers_per_photo(
    colour_dataset,
) -> None:
    stacked = replace(INFO, preprocessing=Preprocessing(16, 24, image_choice="grayscale_stacking"))
    found = scored(colour_dataset, info=stacked).data
    assert (len(found.events), found.photos, found.photos_in_event.tolist()[:3]) == (
        48,
        None,
        [1, 2, 3],
    )


def test_a_damaged_record_is_left_out_and_named(colour_dataset) -> None:
    shard = colour_dataset.folder / colour_dataset.shards("test")[0].file
    data = bytearray(shard.read_bytes())
    data[20] ^= 1
    shard.write_bytes(bytes(data))
    found = scored(colour_dataset)
    assert len(found.data.event_ids) == 47
    assert [failure.endswith("checksum of the record is wrong") for failure in found.failures] == [
        True
    ]


def test_several_observations_are_said(tiny_dataset) -> None:
    info = ModelInfo({"species": ("boar", "deer", "fox")}, Preprocessing(16, 24))
    found = scored(tiny_dataset(), info=info)
    assert found.notes == ("1 events have several observations: the first one counts",)


def test_no_label_in_common_is_an_error(tiny_dataset) -> None:
    with pytest.raises(
        UsageError, match=r"the model has the labels sex, .* species, count: none is in both"
    ):
        scored(tiny_dataset(), info=replace(INFO, labels={"sex": ("f", "m")}))


def test_an_unknown_split_and_one_without_photos_are_errors(dataset_of) -> None:
    dataset = dataset_of({"test": []}, {"species": SPECIES})
    with pytest.raises(UsageError, match="no split called 'tset': did you mean 'test'"):
        scored(dataset, "tset")
    with pytest.raises(CtcError, match="has no photo that can be used"):
        scored(dataset)
