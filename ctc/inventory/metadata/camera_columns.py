"""The columns of an inventory that say what cameras tell of themselves; see `CameraData`.

They hold the values of an event's first photo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ctc.artifacts.inventory import Inventory
from ctc.errors import UsageError
from ctc.images.metadata.exif import Exif

if TYPE_CHECKING:
    import pyarrow as pa

MAKE, MODEL, SERIAL, LABEL = "camera_make", "camera_model", "camera_serial", "camera_label"
TEMPERATURE, TRIGGER, READ_FROM = "temperature", "trigger", "camera_data_from"
SEQUENCE, SEQUENCE_LENGTH, TRIGGER_NUMBER = "sequence", "sequence_length", "trigger_number"
FLASH, MOON_PHASE, BATTERY = "flash", "moon_phase", "battery_voltage"
_TEXT, _NUMBER, _INTEGER = "string", "float64", "int64"
_ON_OFF = {True: "on", False: "off"}
_COLUMNS: dict[str, tuple[str, Callable[[Exif], Any]]] = {
    MAKE: (_TEXT, lambda exif: exif.make),
    MODEL: (_TEXT, lambda exif: exif.model),
    SERIAL: (_TEXT, lambda exif: exif.serial),
    LABEL: (_TEXT, lambda exif: exif.data.label),
    TEMPERATURE: (_NUMBER, lambda exif: exif.data.temperature),
    TRIGGER: (_TEXT, lambda exif: exif.data.trigger),
    SEQUENCE: (_INTEGER, lambda exif: exif.data.sequence),
    SEQUENCE_LENGTH: (_INTEGER, lambda exif: exif.data.sequence_length),
    TRIGGER_NUMBER: (_INTEGER, lambda exif: exif.data.trigger_number),
    FLASH: (_TEXT, lambda exif: _ON_OFF.get(exif.data.flash)),  # type: ignore[arg-type]
    MOON_PHASE: (_TEXT, lambda exif: exif.data.moon_phase),
    BATTERY: (_NUMBER, lambda exif: exif.data.battery),
    READ_FROM: (_TEXT, lambda exif: exif.read_from),
}
CAMERA_COLUMNS = tuple(_COLUMNS)
Columns = dict[str, "pa.Array"]


def camera_columns(exifs: Sequence[Exif]) -> Columns:
    """Return a value per record of each column."""
    import pyarrow as pa

    return {
        name: pa.array([value(exif) for exif in exifs], pa.type_for_alias(kind))
        for name, (kind, value) in _COLUMNS.items()
    }


def check_no_label_is_called_so(inventory: Inventory) -> None:
    """Raise UsageError if a label has the name of one of these columns."""
    if taken := [label for label in inventory.labels if label in _COLUMNS]:
        raise UsageError(
            f"'{taken[0]}' is a label of the source, and a column of --camera-data: "
            "rename it there, or leave the option out"
        )
