"""Count the cameras of an inventory and what they tell, from the columns of `--camera-data`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ctc.artifacts.arrow_columns import take
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.inventory.events import EventRows
from ctc.inventory.metadata.camera_columns import (
    MAKE,
    MODEL,
    READ_FROM,
    SERIAL,
    TEMPERATURE,
    TRIGGER,
)
from ctc.reporting import counted

if TYPE_CHECKING:
    import pandas as pd

MAX_NAMED = 8
_PHOTOS = "photos"


@dataclass(frozen=True)
class CameraCount:
    """Events and photos of the cameras of one make and model; '' where they don't tell it.

    `serials`: number of different serial numbers.
    """

    make: str
    model: str
    serials: int
    events: int
    photos: int

    @property
    def name(self) -> str:
        """Make and model; 'unknown' without both."""
        if self.model.lower().startswith(self.make.lower()):
            return self.model or "unknown"
        return f"{self.make} {self.model}".strip()


@dataclass(frozen=True)
class TemperatureRange:
    """Temperatures of events, °C: the lowest, the middle and the highest."""

    lowest: float
    median: float
    highest: float
    events: int


@dataclass(frozen=True)
class CameraCounts:
    """What cameras tell of themselves, each event counted once.

    `cameras`: most events first. `triggers`: word → events. `read_from`: who read it → events.
    """

    cameras: tuple[CameraCount, ...]
    temperature: TemperatureRange | None = None
    triggers: Mapping[str, int] = field(default_factory=dict)
    read_from: Mapping[str, int] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """One line with the most frequent cameras, the temperatures and the triggers."""
        parts = [", ".join(map(_describe, self.cameras[:MAX_NAMED]))]
        if (more := len(self.cameras) - MAX_NAMED) > 0:
            parts[0] += f", and {counted(more, 'more model')}"
        if span := self.temperature:
            low, high = f"{span.lowest:g}", f"{span.highest:g}"
            parts.append(f"{low} °C" if low == high else f"{low} to {high} °C")
        parts.append(", ".join(f"{word} ({count:,})" for word, count in self.triggers.items()))
        return "; ".join(filter(None, parts))


def count_cameras(inventory: Inventory) -> CameraCounts | None:
    """Count the cameras; None if the inventory was made without `--camera-data`."""
    import pandas as pd
    import pyarrow.compute as pc

    if READ_FROM not in inventory.meta:
        return None
    table, first = inventory.table, EventRows.from_table(inventory.table).first_row
    names = (MAKE, MODEL, SERIAL, TEMPERATURE, TRIGGER, READ_FROM)
    columns = {n: take(table[n], first).to_pandas() for n in names if n in inventory.meta}
    events = pd.DataFrame(columns, columns=list(names))
    events[_PHOTOS] = pc.list_value_length(table[IMAGES]).to_numpy()[first]
    return CameraCounts(
        _cameras(events),
        _temperature_range(events[TEMPERATURE]),
        _count_values(events[TRIGGER]),
        _count_values(events[READ_FROM]),
    )


def _cameras(events: pd.DataFrame) -> tuple[CameraCount, ...]:
    events = events[events[READ_FROM].notna()].fillna({MAKE: "", MODEL: ""})
    groups = events.groupby([MAKE, MODEL], sort=True)
    counts = groups.agg(
        serials=(SERIAL, "nunique"), events=(_PHOTOS, "size"), photos=(_PHOTOS, "sum")
    )
    cameras = [
        CameraCount(str(make), str(model), *map(int, row))
        for (make, model), row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    return tuple(sorted(cameras, key=lambda camera: -camera.events))


def _temperature_range(column: pd.Series) -> TemperatureRange | None:
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").dropna()
    if values.empty:
        return None
    lowest, median, highest = map(float, (values.min(), values.median(), values.max()))
    return TemperatureRange(lowest, median, highest, len(values))


def _count_values(column: pd.Series) -> dict[str, int]:
    counts = column.dropna().astype(str).value_counts()
    return {str(value): int(count) for value, count in counts.items()}


def _describe(camera: CameraCount) -> str:
    serials = f", {counted(camera.serials, 'serial number')}" if camera.serials else ""
    return f"{camera.name} ({counted(camera.events, 'event')}{serials})"
