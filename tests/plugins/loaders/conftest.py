"""Loaders under contract tests; add a loader by its module's name in LOADERS."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.images import decode, encode_jpeg, shrink
from ctc.plugin import BatchStream, Loader, LoaderConfig

LOADERS = (
    pytest.param("dali", marks=pytest.mark.slow),
    pytest.param("tfdata", marks=(pytest.mark.tensorflow, pytest.mark.slow)),
    "turbo",
)
TOLERANCE = {"dali": 1.5, "tfdata": 0.5, "turbo": 0.5}
PHOTOS = (
    "african_elephants",
    "ocelot",
    "human",
    "african_elephants_bw",
    "african_elephants_with_exif_orientation",
)
OpenSplit = Callable[[Dataset, str, LoaderConfig], BatchStream]


@pytest.fixture(params=LOADERS)
def loader_record(request) -> Loader:
    """Each loader as returned by its plugin."""
    (record,) = importlib.import_module(f"ctc_plugins.loaders.{request.param}.loader").ctc_loaders()
    if record.available() is not None:
        pytest.skip(record.available())
    return record


@pytest.fixture
def loader(loader_record: Loader) -> OpenSplit:
    """The function of each loader that opens a split."""
    return loader_record.open


@pytest.fixture
def tolerance(loader_record: Loader) -> float:
    """Largest mean difference, in grey levels, of unaugmented images from the evaluation path.

    DALI decodes the colours of hard edges slightly differently.
    """
    return TOLERANCE[loader_record.name]


@pytest.fixture
def real_dataset(shared: Path, dataset_of) -> Dataset:
    """A dataset of real photos whose smallest side is 500 pixels."""
    events = []
    for name in PHOTOS:
        photo = shrink(
            decode((shared / "data/camera-trap-photos" / f"{name}.jpg").read_bytes()), 500
        )
        size = (photo.shape[0], photo.shape[1])
        events.append(
            EventRecord(name, (encode_jpeg(photo, 90),), (size,), {"species": (0,)}, (name,), {})
        )
    return dataset_of({"train": events}, {"species": ("none",)})
