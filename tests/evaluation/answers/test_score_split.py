"""Predictions of a model for a dataset's split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import CtcError, UsageError
from ctc.evaluation.answers.event_facts import LIGHTS
from ctc.evaluation.answers.predictions import FOREIGN
from ctc.evaluation.answers.score_split import is_infrared, score_split
from ctc.evaluation.config import ScoringConfig
from ctc.runtime.config import RuntimeConfig

SPECIES = ("empty", "fox", "wolf")
INFO = ModelInfo({"species": SPECIES}, Preprocessing(16, 24))


def by_colour(images):
    """Predict the class of the strongest colour: green, red or blue."""
    colours = images.mean(axis=(1, 2))[:, [1, 0, 2]]
    return {"species": (colours == colours.max(axis=1, keepdims=True)).astype(np.float32)}


def score(
    dataset, split: str = "test", info: ModelInfo = INFO, predict: Any = by_colour, **runtime: Any
):
    config = ScoringConfig(runtime=RuntimeConfig(**{"batch_size": 16, **runtime}))
    return score_split(predict, info, dataset, split, config, lambda _: None)


def test_score_split_predicts_photos_and_aggregates_events(colour_dataset) -> None:
    found = score(colour_dataset).data
    assert (len(found.event_ids), len(found.photos), found.photos_in_event.tolist()[:4]) == (
        48,
        96,
        [1, 2, 3, 1],
    )
    assert found.photos.paths[:3] == ("test/0-0.jpg", "test/1-0.jpg", "test/1-1.jpg")
    assert found.events.paths[1] == "test/1-0.jpg"
    right = found.events.probabilities["species"].argmax(axis=1) == found.truth["species"]
    assert np.flatnonzero(~right).tolist() == [i for i in range(48) if i % 6 == 5]


def test_score_split_reads_facts_from_columns_and_colours(colour_dataset) -> None:
    found = score(colour_dataset).data
    assert found.locations == ("camera 0", "camera 1", "camera 2", "camera 3")
    assert found.timestamps[3] == "2024-03-01T03:00:00"
    # by the clock of 'datetime', not by the photos, which are all in colour
    assert found.light.tolist() == [int(i % 24 not in range(6, 18)) for i in range(48)]


def test_score_split_calls_photos_without_time_colour_not_day(dataset_of, colour_event) -> None:
    events = [replace(colour_event("test", i), meta={}) for i in range(4)]
    dataset = dataset_of({"test": events}, {"species": SPECIES})
    assert [LIGHTS[number] for number in score(dataset).data.light] == ["colour"] * 4


def test_is_infrared_detects_one_tint() -> None:
    grey = np.random.default_rng(0).integers(0, 200, (20, 30, 1))
    assert is_infrared(np.repeat(grey, 3, axis=2).astype(np.uint8))
    assert is_infrared((np.repeat(grey, 3, axis=2) + np.array([30, 10, 0])).astype(np.uint8))
    assert not is_infrared(np.random.default_rng(0).integers(0, 200, (20, 30, 3)).astype(np.uint8))


@pytest.mark.parametrize(
    "runtime", [{"threads": 3, "batch_size": 1}, {"threads": 1, "batch_size": 1000}]
)
def test_score_split_does_not_depend_on_threads_and_batch_size(colour_dataset, runtime) -> None:
    found, plain = score(colour_dataset, **runtime).data, score(colour_dataset).data
    assert found.photos.paths == plain.photos.paths
    assert np.array_equal(
        found.events.probabilities["species"], plain.events.probabilities["species"]
    )


def test_score_split_matches_classes_by_name(colour_dataset) -> None:
    fewer = replace(INFO, labels={"species": ("wolf", "empty")})
    found = score(
        colour_dataset,
        info=fewer,
        predict=lambda images: {"species": np.full((len(images), 2), 0.5, np.float32)},
    )
    assert found.data.truth["species"].tolist()[:3] == [1, FOREIGN, 0]
    assert found.data.foreign == {"species": {"fox": 16}}


def test_score_split_of_stacking_model_has_no_predictions_per_photo(
    colour_dataset,
) -> None:
    stacked = replace(INFO, preprocessing=Preprocessing(16, 24, image_choice="grayscale_stacking"))
    found = score(colour_dataset, info=stacked).data
    assert (len(found.events), found.photos, found.photos_in_event.tolist()[:3]) == (
        48,
        None,
        [1, 2, 3],
    )


def test_score_split_skips_and_names_damaged_record(colour_dataset) -> None:
    shard = colour_dataset.folder / colour_dataset.shards("test")[0].file
    data = bytearray(shard.read_bytes())
    data[20] ^= 1
    shard.write_bytes(bytes(data))
    found = score(colour_dataset)
    assert len(found.data.event_ids) == 47
    assert [failure.endswith("checksum of the record is wrong") for failure in found.failures] == [
        True
    ]


def test_score_split_notes_several_observations(tiny_dataset) -> None:
    info = ModelInfo({"species": ("boar", "deer", "fox")}, Preprocessing(16, 24))
    found = score(tiny_dataset(), info=info)
    assert found.notes == ("1 event has several observations: the first one counts",)


def test_score_split_without_shared_label_is_an_error(tiny_dataset) -> None:
    with pytest.raises(
        UsageError,
        match=r"the model has the label 'sex', .* the labels 'species', 'count': none is in both",
    ):
        score(tiny_dataset(), info=replace(INFO, labels={"sex": ("f", "m")}))


def test_score_split_of_unknown_or_empty_split_is_an_error(dataset_of) -> None:
    dataset = dataset_of({"test": []}, {"species": SPECIES})
    with pytest.raises(UsageError, match="no split called 'tset': did you mean 'test'"):
        score(dataset, "tset")
    with pytest.raises(CtcError, match="has no usable photo"):
        score(dataset)
