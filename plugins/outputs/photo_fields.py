"""Fields of a photo or event besides its predictions: path, time, camera and coordinates.

Time, camera and coordinates come from the table of events (meta columns) or from the photos (EXIF).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.images.clips.names import split_frame_path
from ctc.storage.csv_reader import MISSING

DATETIME, CAMERA, LATITUDE, LONGITUDE = "datetime", "camera", "latitude", "longitude"
PHOTO_FIELDS = (DATETIME, CAMERA, LATITUDE, LONGITUDE)

_ROUNDING = timedelta(milliseconds=1)
"""Of the times of frames; clips tell their start in whole seconds."""
FieldValue = str | int | float | None


def photo_fields(
    event: EventPrediction, photo: ImagePrediction | None = None
) -> dict[str, FieldValue]:
    """Return the PHOTO_FIELDS of an event or photo, None where unknown.

    For an event each field is that of the event's meta column, else of the first photo that has it.
    For a `photo` it is that of the photo, else of the meta column. Text such as 'NA' is missing.
    """
    from_table = {name: _known(event.meta.get(name)) for name in PHOTO_FIELDS}
    from_photos = [exif_fields(one) for one in ([photo] if photo else event.images)]
    sources = [*from_photos, from_table] if photo else [from_table, *from_photos]
    return {
        name: next((source[name] for source in sources if source[name] is not None), None)
        for name in PHOTO_FIELDS
    }


def _known(value: FieldValue) -> FieldValue:
    return None if isinstance(value, str) and value.strip() in MISSING else value


def exif_fields(photo: ImagePrediction) -> dict[str, FieldValue]:
    """Return the PHOTO_FIELDS that the photo itself holds."""
    return dict(
        zip(PHOTO_FIELDS, (photo.taken, photo.camera, photo.latitude, photo.longitude), strict=True)
    )


def file_time(photo: ImagePrediction, moment: datetime | None) -> datetime | None:
    """Return the time of the file that a photo is in: of a clip's frame, that of the clip's start.

    `moment`: the photo's time; of a frame that has none itself, it is that of the clip.
    """
    frame = split_frame_path(photo.path)
    if frame is None or moment is None or photo.taken is None:
        return moment
    start = moment - timedelta(seconds=frame.seconds) + _ROUNDING
    return start.replace(microsecond=0)
