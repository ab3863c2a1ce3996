"""A disk of photos that goes away while a dataset is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.artifacts.inventory import Inventory
from ctc.dataset.build import build_dataset
from ctc.dataset.config import DatasetConfig
from ctc.dataset.folder import prepare_folder
from ctc.dataset.plan import DatasetPlan
from ctc.errors import InputError


def ignore_progress(done: int, failed: int) -> None:
    """Do nothing."""


def test_build_dataset_ends_when_its_disk_goes_away_and_goes_on_later(
    inventory: Inventory, tmp_path: Path
) -> None:
    disk, away = tmp_path / "disk", tmp_path / "away"
    disk.mkdir()
    for photo in tmp_path.glob("*.jpg"):
        photo.rename(disk / photo.name)
    options = {"smallest_side": 60, "shares": {"train": 1.0}, "events_per_shard": 2}
    plan = DatasetPlan.make(inventory, DatasetConfig(image_root=disk, threads=1, **options))
    whole = build_dataset(plan, tmp_path / "whole", ignore_progress).dataset
    events = 0

    def move_disk_away(done: int, failed: int) -> None:
        nonlocal events
        events += done
        if events == 5:
            disk.rename(away)

    with pytest.raises(InputError, match=r"folder '.*disk' is gone .*, and continue with --resume"):
        build_dataset(plan, tmp_path / "out", move_disk_away)
    away.rename(disk)
    prepare_folder(tmp_path / "out", resume=True, overwrite=False)
    result = build_dataset(plan, tmp_path / "out", ignore_progress)
    assert result.failures == ()
    assert result.dataset.fingerprint() == whole.fingerprint()
