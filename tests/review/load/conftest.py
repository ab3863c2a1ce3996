"""A folder with the photos of the predictions, and an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ctc.artifacts.review.store import ReviewStore


@pytest.fixture
def photo_root(tmp_path: Path) -> Path:
    """A folder with the three photos, which need not be pictures to be found."""
    root = tmp_path / "photos"
    for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReviewStore]:
    with ReviewStore.open(tmp_path / "review.sqlite", make=True) as opened:
        yield opened
