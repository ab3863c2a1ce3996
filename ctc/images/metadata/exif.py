"""EXIF data of photos: time, place and camera.

Tags: https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2019-E (Exif 2.32,
sections 4.6.4 to 4.6.6).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ctc.errors import ImageError
from ctc.images.clips.names import split_frame_path
from ctc.images.files import open_photo
from ctc.images.listing.file_kinds import HEADER_BYTES, NOT_AN_IMAGE, unknown_image
from ctc.images.metadata.camera_data import (
    FROM_EXIF,
    FROM_EXIFTOOL,
    FROM_RECONYX,
    NO_CAMERA_DATA,
    CameraData,
)
from ctc.images.metadata.exif_values import (
    DIGITIZED,
    LAST_CHANGED,
    ORIGINAL,
    capture_time,
    clean_text,
    coordinates,
    degrees_celsius,
)
from ctc.images.metadata.maker_notes.reconyx import MAKE as RECONYX
from ctc.images.metadata.maker_notes.reconyx import MakerNote, parse_maker_note
from ctc.images.metadata.photo_header import (
    CAMERA_SERIAL,
    EXIF,
    GPS,
    MAKE,
    MODEL,
    PhotoHeader,
    read_photo_header,
)
from ctc.images.metadata.tiff_tags import (
    ASCII,
    RATIONAL,
    SRATIONAL,
    UNDEFINED,
    TagType,
    TagValue,
    read_directory,
)
from ctc.storage.ordered_map import map_in_order
from ctc.storage.remote_files import io_threads

if TYPE_CHECKING:
    from PIL import Image

THREADS = 8
_PATHS_PER_TASK = 32
_HEADER_BYTES = 1 << 16
"""Enough for the headers of most photos."""
OTHER_NOTE = "other"
_MAKER_NOTE, _BODY_SERIAL, _TEMPERATURE = 0x927C, 0xA431, 0x9400
_DETAIL_TAGS = {
    **dict.fromkeys((*ORIGINAL, *DIGITIZED, LAST_CHANGED[1], _BODY_SERIAL), TagType(ASCII)),
    _MAKER_NOTE: TagType(UNDEFINED),
    _TEMPERATURE: TagType(SRATIONAL, 1),
}
_GPS_TAGS = {
    **dict.fromkeys((1, 3), TagType(ASCII)),
    **dict.fromkeys((2, 4), TagType(RATIONAL, 3)),
}


@dataclass(frozen=True, slots=True)
class Exif:
    """EXIF data of one photo; None where a value is missing or invalid.

    `taken`: by the camera's clock, without time zone. `latitude`, `longitude`: degrees, north and
    east positive; both or neither. `data`: what else the camera tells. `note`: who has
    read the maker note, if there is one: FROM_RECONYX, FROM_EXIFTOOL, or OTHER_NOTE for nobody.
    `error`: why the file could not be read as a photo, else ''.
    """

    taken: datetime | None = None
    make: str | None = None
    model: str | None = None
    serial: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    data: CameraData = NO_CAMERA_DATA
    note: str | None = None
    error: str = ""

    @property
    def read_from(self) -> str | None:
        """Where the camera is known from, FROM_EXIF if from no note; None if nothing is known."""
        if self.note in (FROM_RECONYX, FROM_EXIFTOOL):
            return self.note
        known = self.make or self.model or self.serial or not self.data.is_empty
        return FROM_EXIF if known else None


def read_exif(path: str | Path) -> Exif:
    """Return the EXIF data of a photo; errors are returned in `Exif.error`, not raised.

    Missing, damaged and implausible values are None. No pixels are decoded; a PNG's EXIF chunk
    counts only if it precedes the pixels. A frame of a clip has the clip's time and its own offset.
    """
    try:
        if frame := split_frame_path(str(path)):
            from ctc.images.clips.files import taken_at

            return Exif(taken_at(*frame))
        with open_photo(path) as file:
            return _read_stream(file)
    except ImageError as error:
        return Exif(error=str(error))


def parse_exif(data: bytes, header: PhotoHeader | None = None) -> Exif:
    """Return the EXIF data in the bytes of a photo; see `read_exif`.

    `header`: what `read_photo_header` returned, if it has been called.
    """
    return _parse_header(header or read_photo_header(data)) or _read_with_pillow(io.BytesIO(data))


def exif_threads(path: str | Path) -> int:
    """Return how many threads should read photos at `path`."""
    return io_threads(path, THREADS)


def read_exifs(paths: Iterable[str | Path], threads: int = THREADS) -> Iterator[Exif]:
    """Yield the EXIF data of each photo, in order, read in a pool of `threads` threads.

    The pool is at most 2 · `threads` tasks of 32 photos ahead.
    """
    remaining = iter(paths)
    tasks = iter(lambda: list(islice(remaining, _PATHS_PER_TASK)), [])
    with (
        ThreadPoolExecutor(threads, "ctc-exif") as pool,
        closing(map_in_order(pool, _read_all, tasks, 2 * threads)) as results,
    ):
        for exifs in results:
            yield from exifs


def _read_all(paths: Iterable[str | Path]) -> list[Exif]:
    return [read_exif(path) for path in paths]


def _read_stream(file: BinaryIO) -> Exif:
    exif = _parse_header(read_photo_header(file.read(_HEADER_BYTES)))
    if exif is not None:
        return exif
    file.seek(0)
    return _read_with_pillow(file)


def _parse_header(header: PhotoHeader | None) -> Exif | None:
    """Return the EXIF data of a photo whose EXIF block is as the standard says, else None."""
    if header is None:
        return None
    details = _read_part(header, EXIF, _DETAIL_TAGS)
    position = _read_part(header, GPS, _GPS_TAGS)
    if details is None or position is None:
        return None
    return _make_exif(header.main_tags, details, position)


def _read_part(
    header: PhotoHeader, tag: int, wanted: Mapping[int, TagType]
) -> dict[int, TagValue] | None:
    offset = header.main_tags.get(tag)
    return read_directory(header.tiff, offset, wanted) if isinstance(offset, int) else {}


def _read_with_pillow(file: BinaryIO) -> Exif:
    from ctc.images.pillow import open_file

    try:
        with open_file(file) as image:
            return _extract(image)
    except Exception:  # a broken header makes Pillow raise almost anything
        return Exif(error=_describe_unknown(file))


def _describe_unknown(file: BinaryIO) -> str:
    try:
        file.seek(0)
        return str(unknown_image(file.read(HEADER_BYTES)))
    except (OSError, ValueError):  # the file went away meanwhile
        return NOT_AN_IMAGE


def _extract(image: Image.Image) -> Exif:
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return Exif()  # Pillow would decode all pixels to search behind them
    return _make_exif(
        _read_tags(image.getexif),
        _read_tags(lambda: image.getexif().get_ifd(EXIF)),
        _read_tags(lambda: image.getexif().get_ifd(GPS)),
    )


def _make_exif(
    main: Mapping[int, Any], details: Mapping[int, Any], position: Mapping[int, Any]
) -> Exif:
    latitude, longitude = coordinates(position)
    note = parse_maker_note(details.get(_MAKER_NOTE))
    serial = clean_text(details.get(_BODY_SERIAL)) or clean_text(main.get(CAMERA_SERIAL))
    temperature = degrees_celsius(details.get(_TEMPERATURE))
    return Exif(
        taken=capture_time(main, details) or (note.taken if note else None),
        make=clean_text(main.get(MAKE)) or (RECONYX if note else None),
        model=clean_text(main.get(MODEL)) or (note.model if note else None),
        serial=serial or (note.serial if note else None),
        latitude=latitude,
        longitude=longitude,
        data=_camera_data(note, temperature),
        note=FROM_RECONYX if note else OTHER_NOTE if _MAKER_NOTE in details else None,
    )


def _camera_data(note: MakerNote | None, temperature: float | None) -> CameraData:
    data = note.data if note else NO_CAMERA_DATA
    return data if temperature is None else replace(data, temperature=temperature)


def _read_tags(read: Callable[[], Mapping[int, Any]]) -> dict[int, Any]:
    try:
        return dict(read())
    except Exception:  # a damaged part makes Pillow raise almost anything; others may be good
        return {}
