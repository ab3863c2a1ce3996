"""A folder of photos."""

from __future__ import annotations

from pathlib import Path

import pytest
from changing_photos import save_bursts


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a camera of ten bursts of two photos, and one that is no photo."""
    save_bursts(tmp_path / "photos" / "a", range(10))
    (tmp_path / "photos" / "a" / "broken.jpg").write_bytes(b"no photo")
    return tmp_path / "photos"
