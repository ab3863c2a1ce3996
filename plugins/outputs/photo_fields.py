"""When and where a photo was taken, and by which camera: what the table of events says, and what the photos say."""

from __future__ import annotations

import os
from pathlib import Path

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.storage.paths import is_url


def absolute(path: str) -> str:
    """With forward slashes, and without '.' and '..'; a URL as it is."""
    if is_url(path):
        return path
    return _forward(os.path.normpath(Path(path).absolute()))


def relative(path: str, root: Path) -> str | None:
    """The way to the photo from `root`, an absolute folder, with forward slashes; None when it is not below."""
    place, folder = absolute(path), _forward(str(root)).rstrip("/") + "/"
    return place.removeprefix(folder) if place.startswith(folder) else None


def _forward(path: str) -> str:
    return path.replace("\\", "/") if os.sep == "\\" else path


DATETIME, CAMERA, LATITUDE, LONGITUDE = "datetime", "camera", "latitude", "longitude"
FACTS = (DATETIME, CAMERA, LATITUDE, LONGITUDE)

Value = str | int | float | None


def facts_of(event: EventPrediction, photo: ImagePrediction | None = None) -> dict[str, Value]:
    """The FACTS; None where nothing is known.

    Of the event: each from the event's meta column of that name, else from its first photo that has it. Of a `photo`: from
    the photo, else from the meta column.
    """
    told = {name: None if event.meta.get(name) == "" else event.meta.get(name) for name in FACTS}
    seen = [seen_facts(one) for one in ([photo] if photo else event.images)]
    sources = [*seen, told] if photo else [told, *seen]
    return {name: next((facts[name] for facts in sources if facts[name] is not None), None) for name in FACTS}


def seen_facts(photo: ImagePrediction) -> dict[str, Value]:
    """What the photo alone says."""
    return dict(zip(FACTS, (photo.taken, photo.camera, photo.latitude, photo.longitude), strict=True))
