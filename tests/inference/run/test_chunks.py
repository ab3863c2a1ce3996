from __future__ import annotations

import pytest

from ctc.inference.events.event import Event
from ctc.inference.run.chunks import MAX_CHUNK_PHOTOS, photos_per_chunk, split_events


def test_split_events_keeps_events_whole_and_in_order() -> None:
    events = [Event(str(number), ("a.jpg",) * (number % 4)) for number in range(50)]
    chunks = list(split_events(events, 8))
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert [event for chunk in chunks for event in chunk.events] == events
    assert all(sum(len(event.images) or 1 for event in chunk.events) >= 8 for chunk in chunks[:-1])


@pytest.mark.parametrize(
    ("photos", "batch_size", "size"),
    [(10, 1, 32), (100_000, 1, 256), (50_000_000, 16, MAX_CHUNK_PHOTOS), (10, 256, 512)],
)
def test_photos_per_chunk_grows_with_photos_and_batch_size(
    photos: int, batch_size: int, size: int
) -> None:
    assert photos_per_chunk(photos, batch_size) == size
