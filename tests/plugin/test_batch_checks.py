"""The first batch of an epoch of a third-party loader is checked while it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.errors import PluginError
from ctc.plugin import Augmentation, Batch, Loader, LoaderConfig
from ctc.plugin.entry_points import Owner
from ctc.plugin.third_party import ThirdPartyRecord, wrap_record
from ctc.testing import build_dataset

IMAGES = np.zeros((4, 16, 24, 3), np.uint8)
SPECIES, COUNT = np.array([0, 2, 1, -1], np.int32), np.array([[1, 0]] * 4, np.int32)
BATCH = Batch(IMAGES, {"species": SPECIES, "count": COUNT})
CONFIG = LoaderConfig(
    16,
    24,
    ("species", "count"),
    batch_size=4,
    augmentation=Augmentation(),
    multi_label=("count",),
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return build_dataset(tmp_path_factory.mktemp("data") / "dataset")


class Stream:
    samples, steps, skipped = 8, 2, 0

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        yield from [self._batch] * 2

    def close(self) -> None:
        pass


def read(dataset: Dataset, batch: Batch, **changes: Any) -> list[Batch]:
    """Read an epoch of a third-party loader that yields `batch`."""
    loader = Loader("mine", "a loader", lambda: None, lambda *_: Stream(batch))
    owner = Owner("mine", "park", "1")
    wrapped = wrap_record(loader, ThirdPartyRecord(owner, "loader", "mine"))
    return list(wrapped.open(dataset, "train", replace(CONFIG, **changes)).epoch(0))


def labels(**changed: Any) -> dict[str, Any]:
    return {"labels": {**BATCH.labels, **changed}}


def test_sound_batches_pass(dataset) -> None:
    assert read(dataset, BATCH) == [BATCH, BATCH]


@pytest.mark.parametrize("kind", [np.int8, np.int64])
def test_other_integers_pass(dataset, kind) -> None:
    batch = replace(BATCH, **labels(species=SPECIES.astype(kind)))
    assert read(dataset, batch) == [batch, batch]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"images": IMAGES / np.float32(255)},
            "images: expected uint8 (4, 16, 24, 3), got float32 (4, 16, 24, 3)",
        ),
        (
            {"images": IMAGES.transpose(0, 2, 1, 3)},
            "images: expected uint8 (4, 16, 24, 3), got uint8 (4, 24, 16, 3)",
        ),
        (
            labels(species=SPECIES.astype(np.float32)),
            "the label 'species': expected int32 (4,), got float32 (4,)",
        ),
        (
            labels(species=np.eye(4, 3, dtype=np.int32)),
            "the label 'species': expected int32 (4,), got int32 (4, 3)",
        ),
        (labels(species=[0, 1, 2, 0]), "the label 'species': expected int32 (4,), got list ()"),
        (labels(species=SPECIES + 1), "the label 'species' has numbers from 0 to 3, not -1 to 2"),
        (
            labels(count=np.zeros(4, np.int32)),
            "the label 'count': expected int32 (4, 2), got int32 (4,)",
        ),
        ({"labels": {"species": SPECIES}}, "its labels are ['species'], not ['count', 'species']"),
        ({"weights": np.full(4, np.nan)}, "weights has values that are not finite numbers from 0"),
        (
            {"soft_labels": {"species": np.full((4, 3), 2, np.float32)}},
            "the soft label 'species' has values that are not from 0 to 1",
        ),
        (
            {"soft_labels": {"age": np.ones((4, 1), np.float32)}},
            "it has soft labels for 'age', which is not among its labels",
        ),
    ],
)
def test_wrong_batch_names_the_plugin(dataset, changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(PluginError) as raised:
        read(dataset, replace(BATCH, **changes))
    expected = f"plugin 'mine' of park 1: its loader 'mine' yielded a wrong batch: {fault}"
    assert str(raised.value) == expected


def test_soft_labels_are_for_training(dataset: Dataset, tmp_path: Path) -> None:
    batch = replace(BATCH, weights=np.ones(4, np.float32))
    with pytest.raises(PluginError, match="which are for training, in evaluation"):
        read(dataset, batch, augmentation=None)
