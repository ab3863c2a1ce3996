"""What tests share: the photos beside the checkout, and a small dataset folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.plugin.testing import TINY_SPLITS, build_dataset, write_dataset

BuildDataset = Callable[..., Dataset]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos and formats beside the checkout; tests that need it skip where it isn't there."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the real photos in '{folder}', which is not there")
    return folder


@pytest.fixture
def tiny_dataset(tmp_path: Path) -> BuildDataset:
    """A function that writes a dataset folder and opens it: see `build_dataset`; by default below `tmp_path`."""

    def build(
        splits: Mapping[str, int] | None = None, shards: int = 2, smallest_side: int = 60, name: str = "dataset"
    ) -> Dataset:
        return build_dataset(tmp_path / name, splits or TINY_SPLITS, shards, smallest_side)

    return build


@pytest.fixture
def dataset_of(tmp_path: Path) -> BuildDataset:
    """A function that writes a dataset folder with just the given events: see `write_dataset`."""

    def build(
        events: Mapping[str, list[EventRecord]],
        classes: Mapping[str, tuple[str, ...]],
        shards: int = 1,
        name: str = "dataset",
    ) -> Dataset:
        folder = tmp_path / name
        folder.mkdir()
        return write_dataset(folder, events, classes, shards)

    return build
