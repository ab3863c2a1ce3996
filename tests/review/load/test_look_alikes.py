from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from review_predictions import write_predictions

from ctc.errors import UsageError
from ctc.features.embed.results import EventFeatures, PhotoFeatures
from ctc.features.store import Embeddings, write_embeddings
from ctc.plugin import OutputContext
from ctc.review.load.drafts import EventDraft, PhotoDraft
from ctc.review.load.load import LoadConfig, load_predictions
from ctc.review.load.look_alikes import (
    MAX_GROUP,
    event_features,
    group_look_alikes,
    similarity_limit,
)


def features(*angles):
    """Unit vectors of two numbers, by their angles in degrees."""
    radians = np.radians(angles)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def write(path, rows):
    context = OutputContext(
        *("model.onnx", {}, datetime(2026, 3, 1, tzinfo=UTC), Path.cwd(), {}),
        settings={"feature_size": 2, "folder": None},
    )
    events = [
        EventFeatures(name, (PhotoFeatures(photo, np.array(values, np.float32)),))
        for name, photo, values in rows
    ]
    write_embeddings(iter(events), path, context)
    return path


def test_group_look_alikes_groups_what_is_as_similar_as_no_two_answers():
    answers = ["fox", "fox", "fox", "wolf", "wolf"]
    groups = group_look_alikes(features(0, 2, 40, 80, 81), answers, ["1", "2", "3", "4", "5"])
    assert groups == [0, 0, None, 1, 1]


def test_group_look_alikes_makes_no_chains():
    answers = ["fox", "fox", "fox", "wolf"]
    groups = group_look_alikes(features(0, 20, 40, 70), answers, ["1", "2", "3", "4"])
    assert groups == [0, 0, None, None]


def test_group_look_alikes_leaves_out_events_without_features():
    zero = np.zeros((1, 2), np.float32)
    all_features = np.concatenate([features(0, 1), zero])
    assert group_look_alikes(all_features, ["fox"] * 3, ["1", "2", "3"]) == [0, 0, None]


def test_group_look_alikes_makes_groups_of_a_page():
    groups = group_look_alikes(features(*[0.0] * 130), ["fox"] * 130, [""] * 130)
    assert [groups.count(number) for number in (0, 1, 2)] == [MAX_GROUP, MAX_GROUP, 10]


def test_similarity_limit_is_what_hardly_any_two_answers_reach():
    limit = similarity_limit(features(0, 60), ["fox", "wolf"])
    assert limit == pytest.approx(0.5)


def test_similarity_limit_without_other_answers():
    assert similarity_limit(features(0, 60), ["fox", "fox"]) == 0.9
    assert similarity_limit(features(0), ["fox"]) == 0.9


def test_event_features_are_the_mean_of_photos(tmp_path):
    rows = [("x", "a.jpg", (2, 0)), ("x", "b.jpg", (0, 3)), ("second", "?.jpg", (0, 1))]
    embeddings = Embeddings.read(write(tmp_path / "embeddings.parquet", rows))
    events = [
        EventDraft("first", photos={"a.jpg": PhotoDraft(), "b.jpg": PhotoDraft()}),
        EventDraft("second"),
        EventDraft("third"),
    ]
    half = np.sqrt(0.5)
    found = event_features(embeddings, events)
    assert found.tolist() == [pytest.approx([half, half]), [0, 1], [0, 0]]


def test_load_predictions_groups_events_by_embeddings(tmp_path, store):
    rows = [("first", "a/1.jpg", (1, 0)), ("second", "b/1.jpg", (1, 0.01))]
    embeddings = write(tmp_path / "embeddings.parquet", rows)
    path = write_predictions(tmp_path, ".json")
    load_predictions(path, store, LoadConfig(embeddings=embeddings))
    assert [event.cluster for event in store.iter_events()] == [None, None]


def test_load_predictions_refuses_embeddings_of_other_photos(tmp_path, store):
    embeddings = write(tmp_path / "embeddings.parquet", [("x", "x.jpg", (1, 0))])
    path = write_predictions(tmp_path, ".json")
    with pytest.raises(UsageError, match="has none of the predicted photos: embed the same"):
        load_predictions(path, store, LoadConfig(embeddings=embeddings))
