"""When and where a photo was taken, and by which camera: what the table of events says, and what
the photos say."""

from __future__ import annotations

import os
from pathlib import Path

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.storage.paths import is_url


def absolute_path(path: str) -> str:
    """With forward slashes, and without '.' and '..'; a URL as it is."""
    if is_url(path):
        return path
    return _forward_slashes(os.path.normpath(Path(path).absolute()))


def relative_path(path: str, root: Path) -> str | None:
    """The way to the photo from `root`, an absolute folder, with forward slashes; None when it is
    not below."""
    place, folder = absolute_path(path), _forward_slashes(str(root)).rstrip("/") + "/"
    return place.removeprefix(folder) if place.startswith(folder) else None


def _forward_slashes(path: str) -> str:
    return path.replace("\\", "/") if os.sep == "\\" else path


DATETIME, CAMERA, LATITUDE, LONGITUDE = "datetime", "camera", "latitude", "longitude"
PHOTO_FIELDS = (DATETIME, CAMERA, LATITUDE, LONGITUDE)

FieldValue = str | int | float | None


def photo_fields(
    event: EventPrediction, photo: ImagePrediction | None = None
) -> dict[str, FieldValue]:
    """The FACTS; None where nothing is known.

    Of the event: each from the event's meta column of that name, else from its first photo that has
    it. Of a `photo`: from the photo, else from the meta column."""
    told = {
        name: None if event.meta.get(name) == "" else event.meta.get(name) for name in PHOTO_FIELDS
    }
    seen = [exif_fields(one) for one in ([photo] if photo else event.images)]
    sources = [*seen, told] if photo else [told, *seen]
    return {
        name: next((facts[name] for facts in sources if facts[name] is not None), None)
        for name in PHOTO_FIELDS
    }


def exif_fields(photo: ImagePrediction) -> dict[str, FieldValue]:
    """What the photo alone says."""
    return dict(
        zip(PHOTO_FIELDS, (photo.taken, photo.camera, photo.latitude, photo.longitude), strict=True)
    )
