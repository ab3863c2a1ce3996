"""What cameras write of themselves beside time and place: temperature, trigger, sequence."""

from __future__ import annotations

from dataclasses import dataclass, fields

ACTIVITY, TIME_LAPSE, MANUAL, EXTERNAL = (
    "activityDetection",
    "timeLapse",
    "manual",
    "externalSensor",
)
"""What set a camera off; the first two are Camtrap DP's words for `captureMethod`."""
FROM_EXIF, FROM_RECONYX, FROM_EXIFTOOL = "exif", "reconyx", "exiftool"
"""Who read the data: the standard's tags, the note of Reconyx cameras, the program exiftool."""
MOON_PHASES = (
    "new",
    "waxing crescent",
    "first quarter",
    "waxing gibbous",
    "full",
    "waning gibbous",
    "last quarter",
    "waning crescent",
)
_TEMPERATURES = (-80, 90)
"""What a thermometer outdoors can show, °C; cameras write other numbers where theirs fails."""


@dataclass(frozen=True, slots=True)
class CameraData:
    """What a camera tells of itself and of the moment; None where it doesn't.

    `temperature`: °C, measured in or at the camera. `trigger`: ACTIVITY, TIME_LAPSE, MANUAL,
    EXTERNAL or a rarer word. `sequence`: number of the photo in its trigger's sequence of
    `sequence_length` photos, from 1. `trigger_number`: the camera's count of triggers. `flash`:
    whether it lit the photo. `moon_phase`: one of MOON_PHASES. `battery`: volts. `label`: the
    user's name for the camera.
    """

    temperature: float | None = None
    trigger: str | None = None
    sequence: int | None = None
    sequence_length: int | None = None
    trigger_number: int | None = None
    flash: bool | None = None
    moon_phase: str | None = None
    battery: float | None = None
    label: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return self == NO_CAMERA_DATA


NO_CAMERA_DATA = CameraData()
CAMERA_DATA_FIELDS = tuple(field.name for field in fields(CameraData))


def plausible_temperature(celsius: float | None) -> float | None:
    """Return the temperature; None for one that no air has."""
    lowest, highest = _TEMPERATURES
    return celsius if celsius is not None and lowest <= celsius <= highest else None
