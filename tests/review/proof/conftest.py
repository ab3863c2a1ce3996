"""A season without events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from review_season import Season, open_season


@pytest.fixture
def season(tmp_path: Path) -> Iterator[Season]:
    with open_season(tmp_path / "review.sqlite") as opened:
        yield opened
