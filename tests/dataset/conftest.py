"""An inventory with real photos, for tests of selecting, planning and building."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.images import encode_jpeg


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """20 events at 5 sites: 10 foxes, 8 hares and 2 lynxes.

    Event 0 has two observations and a second photo.
    """
    rows = []
    for i in range(20):
        grey = np.full((90, 120 + i, 3), 10 * i, np.uint8)
        (tmp_path / f"{i}.jpg").write_bytes(encode_jpeg(grey, 95))
        rows.append(
            {
                "event_id": f"e{i}",
                "images": [f"{i}.jpg", "1.jpg"] if i == 0 else [f"{i}.jpg"],
                "species": "fox" if i < 10 else "hare" if i < 18 else "lynx",
                "count": None if i % 4 == 3 else str(i % 11 + 1),
                "site": f"s{i % 5}",
            }
        )
    rows.append({**rows[0], "species": "hare"})
    return Inventory(pa.Table.from_pylist(rows), ("species", "count"), tmp_path)
