"""What an inventory holds, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.inventory.show import class_counts

SHOWN_CLASSES = 8


def summarize(inventory: Inventory) -> Iterator[str]:
    """Observations, events and photos, then a line per label with its biggest classes."""
    import pyarrow.compute as pc

    table = inventory.table
    events = pc.count_distinct(table[EVENT_ID]).as_py()
    photos = pc.count_distinct(pc.list_flatten(table[IMAGES])).as_py()
    yield f"{table.num_rows:,} observations of {events:,} events with {photos:,} photos"
    for label in inventory.labels:
        counts = class_counts(inventory, label)
        shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.classes.items())[:SHOWN_CLASSES])
        hidden = len(counts.classes) - SHOWN_CLASSES
        more = f", and {hidden} more" if hidden > 0 else ""
        yield f"{label}: {shown}{more}" + (f"; missing {counts.missing:,}" if counts.missing else "")
