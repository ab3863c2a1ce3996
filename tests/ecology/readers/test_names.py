"""Cameras and deployments of events."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ctc.ecology.readers.names import guess_deployments, make_events


def column(*values: str) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def test_guess_deployments_gives_a_camera_with_one_photo_a_day() -> None:
    times = column("2024-04-02T06:00:00", "2024-04-02T06:00:00", "2024-04-05T18:00:00")
    events = make_events(column("1", "2", "3"), column("north", "south", "south"), None, times)
    found = guess_deployments(events, None)
    assert (found.end - found.start).astype(int).tolist() == [86_400, 3 * 86_400 + 12 * 3600 + 1]
    assert found.start[0] == np.datetime64("2024-04-02T06:00:00")
