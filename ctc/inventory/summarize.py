"""What an inventory holds, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory

SHOWN_CLASSES = 8


def summarize(inventory: Inventory) -> Iterator[str]:
    """Observations, events and photos, then a line per label with its biggest classes."""
    import pyarrow.compute as pc

    table = inventory.table
    events = pc.count_distinct(table[EVENT_ID]).as_py()
    photos = pc.count_distinct(pc.list_flatten(table[IMAGES])).as_py()
    yield f"{table.num_rows:,} observations of {events:,} events with {photos:,} photos"
    for label in inventory.labels:
        counts = [(entry["values"], entry["counts"]) for entry in pc.value_counts(table[label]).to_pylist()]
        missing = sum(count for value, count in counts if value is None)
        present = sorted(((value, count) for value, count in counts if value is not None), key=lambda row: -row[1])
        shown = ", ".join(f"{value} {count:,}" for value, count in present[:SHOWN_CLASSES])
        more = f", and {len(present) - SHOWN_CLASSES} more" if len(present) > SHOWN_CLASSES else ""
        yield f"{label}: {shown}{more}" + (f"; missing {missing:,}" if missing else "")
