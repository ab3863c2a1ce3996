"""The tags that exiftool is asked for, and what its answer says.

Names of tags: https://exiftool.org/TagNames/. With the option `-n` values are numbers or codes.
"""

from __future__ import annotations

import json
from typing import Any

from ctc.images.metadata.camera_data import (
    MOON_PHASES,
    CameraData,
    plausible_temperature,
)
from ctc.images.metadata.exif import Exif
from ctc.images.metadata.maker_notes.reconyx import MAKE, TRIGGERS, model_in_label

_SERIALS = ("SerialNumber", "CameraSerialNumber", "BodySerialNumber", "InternalSerialNumber")
_RECONYX = "Reconyx"
_FLASHES = ("InfraredIlluminator", "Illumination", "Flash")
TAGS = (
    "Make",
    "Model",
    *_SERIALS,
    "AmbientTemperature",
    *(
        f"{_RECONYX}:{tag}"
        for tag in (
            "MakerNoteVersion",
            "TriggerMode",
            "Sequence",
            "EventNumber",
            "MoonPhase",
            *_FLASHES,
            "BatteryVoltage",
            "UserLabel",
        )
    ),
)
_MOST_VOLTS = 100


def parse_answer(answer: bytes) -> Exif:
    """Return what exiftool says of a photo; an empty record if it can't read it."""
    try:
        # numbers stay text: a serial number such as 12e5 is not 1,200,000
        answers = json.loads(answer, parse_float=str, parse_int=str)
    except ValueError:
        return Exif()
    found = answers[0] if isinstance(answers, list) and answers else {}
    tags: dict[str, str] = {}
    notes: dict[str, str] = {}
    for key, value in found.items() if isinstance(found, dict) else ():
        group, _, tag = key.partition(":")
        if text := _text(value):
            (notes if group == _RECONYX else tags).setdefault(tag, text)
    serials = (tags.get(name) or notes.get(name) for name in _SERIALS)
    is_hyperfire = "MakerNoteVersion" in notes
    model = model_in_label(notes.get("UserLabel")) if is_hyperfire else None
    if model:
        del notes["UserLabel"]
    return Exif(
        make=tags.get("Make") or (MAKE if notes else None),
        model=tags.get("Model") or model,
        serial=next(filter(None, serials), None),
        data=_camera_data(tags, notes),
    )


def _camera_data(tags: dict[str, str], notes: dict[str, str]) -> CameraData:
    temperature = notes.get("AmbientTemperature") or tags.get("AmbientTemperature")
    place = [_integer(part) for part in notes.get("Sequence", "").split()]
    known = len(place) == 2 and 1 <= place[0] <= place[1]
    moon, volts = _integer(notes.get("MoonPhase")), _number(notes.get("BatteryVoltage"))
    flash = next((notes[name] for name in _FLASHES if name in notes), None)
    if volts and volts > _MOST_VOLTS:
        volts /= 1000  # of a HyperFire 2 exiftool gives millivolts
    return CameraData(
        temperature=plausible_temperature(_number(temperature)),
        trigger=TRIGGERS.get(notes.get("TriggerMode", "")),
        sequence=place[0] if known else None,
        sequence_length=place[1] if known else None,
        trigger_number=_integer(notes.get("EventNumber"), None),
        flash={"0": False, "1": True}.get(flash or ""),
        moon_phase=MOON_PHASES[moon] if 0 <= moon < len(MOON_PHASES) else None,
        battery=volts or None,
        label=notes.get("UserLabel"),
    )


def _text(value: Any) -> str | None:
    return " ".join(str(value).split("\0")[0].split()) or None


def _integer(text: str | None, missing: Any = -1) -> Any:
    return int(text) if text and text.isdecimal() else missing


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
