"""Tests of the features of a dataset: extract.py, feature_cache.py, samples.py, views.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.errors import CtcError, InputError
from ctc.features.probe import extract
from ctc.features.probe.extract import compute_features
from ctc.features.probe.feature_cache import FeatureCache
from ctc.features.probe.samples import Samples, read_samples
from ctc.features.probe.views import VIEWS
from ctc.reporting import NullReporter
from ctc.runtime.session import Model, load_model
from ctc.testing import corrupt_record

VIEW_NAMES = ("original", "flip", "zoom")


@pytest.fixture
def network(build_model: Callable[..., Path]) -> Model:
    return load_model(build_model(features=True, size=(16, 24)), needs="features")


@pytest.fixture
def dataset(tiny_dataset: Callable[..., Dataset]) -> Dataset:
    return tiny_dataset(shards=1)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of five records, in tasks of two."""
    for module in ("extract", "samples"):
        monkeypatch.setattr(f"ctc.features.probe.{module}.CHUNK_RECORDS", 5)
    monkeypatch.setattr(extract, "RECORDS_PER_TASK", 2)


def cache_of(dataset: Dataset, sha256: str = "a" * 64) -> FeatureCache:
    return FeatureCache.open(dataset, sha256, 3)


def compute(network: Model, dataset: Dataset, split: str = "train", **options) -> int:
    views = options.pop("views", ("original",))
    cache = options.pop("cache", None) or cache_of(dataset)
    return compute_features(network, dataset, split, views, cache, NullReporter(), **options)


def samples(dataset: Dataset, split: str = "train", **options) -> Samples:
    labels = [dataset.label("species"), dataset.label("count")]
    return read_samples(
        options.pop("cache", None) or cache_of(dataset),
        dataset,
        split,
        options.pop("views", ("original",)),
        labels,
        options.pop("multi_label", ()),
        "location",
        options.pop("repeated", True),
        **options,
    )


def test_features_are_those_of_each_photo_in_each_view(network: Model, dataset: Dataset) -> None:
    compute(network, dataset, views=VIEW_NAMES)
    found = samples(dataset, views=VIEW_NAMES)
    assert np.bincount(found.event).tolist() == [1, 2, 3] * 4
    assert (np.diff(found.event) >= 0).all()
    # the feature is the mean colour: mirroring doesn't change it, the centre has more of the animal
    np.testing.assert_allclose(found.features["original"], found.features["flip"], atol=1e-6)
    zoomed = np.abs(found.features["zoom"] - found.features["original"]).max(axis=1)
    assert (zoomed > 1e-3).all()
    # events 1, 4, 7, 10 are orange deer, events 2, 5, 8, 11 are red foxes
    green = [found.features["original"][found.event % 3 == one, 1].mean() for one in (1, 2)]
    assert green[0] > green[1]


def test_views_have_the_shape_of_the_photo() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 7, 9, 3)).astype(np.uint8)
    for view in VIEWS.values():
        assert view(images).shape == images.shape
    assert (VIEWS["flip"](images)[:, :, 0] == images[:, :, -1]).all()


def test_what_is_known_of_events(network: Model, dataset: Dataset) -> None:
    compute(network, dataset)
    found = samples(dataset)
    assert found.event_ids[:2] == ("train-0", "train-1")
    assert found.truth["species"].tolist() == [0, 1, 2] * 4
    assert found.truth["count"].tolist() == [0, 1, 0, -1] * 3
    assert found.place.tolist() == [0, 1, 2, 3] * 3
    assert found.known("count").tolist() == [True, True, True, False] * 3


def test_all_observations_count_for_a_multi_label_label(network: Model, dataset: Dataset) -> None:
    compute(network, dataset)
    found = samples(dataset, multi_label=("species", "count"))
    assert found.truth["species"][4].tolist() == [0, 1, 1]  # it has a second observation
    assert found.truth["count"][3].tolist() == [-1, -1]


def test_features_are_computed_once(network: Model, dataset: Dataset, small_chunks: None) -> None:
    assert compute(network, dataset) == 3
    assert compute(network, dataset) == 0
    assert compute(network, dataset, views=("original", "flip")) == 3  # the mirrored ones alone
    assert len(list(cache_of(dataset).folder.glob("train-*-original.npz"))) == 3


def test_they_are_beside_the_dataset_and_nothing_is_within(
    network: Model, dataset: Dataset
) -> None:
    before = sorted(dataset.folder.iterdir())
    compute(network, dataset)
    assert sorted(dataset.folder.iterdir()) == before
    assert cache_of(dataset).folder.parent.name == "dataset.features"


def test_a_chunk_that_is_lost_or_damaged_is_computed_again(
    network: Model, dataset: Dataset, small_chunks: None
) -> None:
    compute(network, dataset)
    expected = samples(dataset).features["original"]
    first, second, _ = sorted(cache_of(dataset).folder.iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:100])
    assert compute(network, dataset) == 2
    np.testing.assert_array_equal(samples(dataset).features["original"], expected)


def test_a_run_that_was_killed_keeps_the_chunks_before(
    network: Model, dataset: Dataset, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = FeatureCache.write

    def write_one(self: FeatureCache, split: str, start: int, *rest) -> None:
        if start:
            raise KeyboardInterrupt
        written(self, split, start, *rest)

    monkeypatch.setattr(FeatureCache, "write", write_one)
    with pytest.raises(KeyboardInterrupt):
        compute(network, dataset)
    monkeypatch.undo()
    monkeypatch.setattr("ctc.features.probe.extract.CHUNK_RECORDS", 5)
    assert compute(network, dataset) == 2


def test_another_network_or_dataset_has_features_of_its_own(
    dataset: Dataset, tiny_dataset: Callable[..., Dataset]
) -> None:
    other = tiny_dataset({"train": 3}, name="other")
    folders = {cache_of(dataset).folder.name, cache_of(other).folder.name}
    folders.add(cache_of(dataset, "b" * 64).folder.name)
    assert len(folders) == 3


def test_a_bad_record_is_told_and_the_others_are_used(network: Model, dataset: Dataset) -> None:
    corrupt_record(dataset, shard=0)
    compute(network, dataset)
    found = samples(dataset)
    assert len(found.event_ids) == 11
    assert len(found.failures) == 1
    assert "offset" in found.failures[0]


def test_limited_events_are_from_all_over_the_split(network: Model, dataset: Dataset) -> None:
    compute(network, dataset, limit=3)
    found = samples(dataset, limit=3)
    assert found.event_ids == ("train-0", "train-6", "train-11")


def test_copies_count_for_training_alone(
    network: Model, dataset_of: Callable[..., Dataset]
) -> None:
    from ctc.testing.tiny_dataset import COUNTS, SPECIES, tiny_event

    events = [tiny_event("a", 0), tiny_event("a", 0), tiny_event("b", 1)]
    dataset = dataset_of({"train": events}, {"species": SPECIES, "count": COUNTS})
    compute(network, dataset)
    assert samples(dataset).event_ids == ("a", "a", "b")
    assert samples(dataset, repeated=False).event_ids == ("a", "b")


def test_a_cache_that_was_emptied_meanwhile(network: Model, dataset: Dataset) -> None:
    compute(network, dataset)
    next(cache_of(dataset).folder.iterdir()).unlink()
    with pytest.raises(InputError, match="run the command again"):
        samples(dataset)


def test_a_cache_that_cannot_be_written(network: Model, dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = FeatureCache(tmp_path / "file" / "x", 3)
    with pytest.raises(CtcError, match="choose another --cache"):
        compute(network, dataset, cache=cache)
