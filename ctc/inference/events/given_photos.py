"""Events from the argument `photos` of `ctc.load_model(…).predict`: paths, bytes, arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ctc.errors import UsageError
from ctc.inference.events.event import Event, PhotoData

Photo = str | Path | bytes | bytearray | memoryview | NDArray[np.uint8]
"""A path or URL; the contents of a file; or RGB pixels, uint8 (height, width, 3)."""
Photos = Iterable[Photo] | Mapping[str, Iterable[Photo]]
_COLOUR_AXES = 3


def given_events(photos: Photos) -> Iterator[Event]:
    """Return the events of `photos`, see `Classifier.predict`.

    A photo in memory has its place as path: 'photo 0'. Raises UsageError for a single photo, and
    while the events are iterated for anything that is not a photo.
    """
    if isinstance(photos, Mapping):
        return (_grouped_event(str(name), items) for name, items in photos.items())
    _check_several(photos, "photos")
    return (_single_event(place, photo) for place, photo in enumerate(photos))


def _grouped_event(name: str, photos: Iterable[Photo]) -> Event:
    _check_several(photos, f"the photos of event '{name}'")
    return _make_event(name, list(enumerate(photos)))


def _single_event(place: int, photo: Photo) -> Event:
    return _make_event(None, [(place, photo)])


def _make_event(name: str | None, photos: list[tuple[int, Photo]]) -> Event:
    """Return an event; one without a name is called as its only photo."""
    paths = tuple(
        str(photo) if isinstance(photo, str | Path) else f"photo {place}" for place, photo in photos
    )
    data = tuple(_photo_data(place, photo) for place, photo in photos)
    in_memory = data if any(one is not None for one in data) else ()
    return Event(paths[0] if name is None else name, paths, in_memory=in_memory)


def _photo_data(place: int, photo: Any) -> PhotoData | None:
    """Return a photo that is in memory, None for a path; raises UsageError for anything else."""
    if isinstance(photo, str | Path):
        return None
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    if isinstance(photo, np.ndarray):
        return _check_pixels(place, photo)
    hint = ": give numpy.asarray(image.convert('RGB'))" if hasattr(photo, "convert") else ""
    raise UsageError(
        f"photo {place} is of the type '{type(photo).__name__}', not a path, the bytes of a file, "
        f"or an array of pixels{hint}"
    )


def _check_pixels(place: int, pixels: NDArray[Any]) -> NDArray[np.uint8]:
    if not _is_pixels(pixels):
        raise UsageError(
            f"photo {place} is an array of {pixels.dtype} with the shape {pixels.shape}: "
            "give RGB pixels as uint8 (height, width, 3)"
        )
    return np.ascontiguousarray(pixels)  # OpenCV reads no views such as bgr[..., ::-1]


def _is_pixels(pixels: NDArray[Any]) -> TypeGuard[NDArray[np.uint8]]:
    return (
        pixels.dtype == np.uint8
        and pixels.ndim == _COLOUR_AXES
        and pixels.shape[2] == _COLOUR_AXES
        and pixels.size > 0
    )


def _check_several(photos: Any, what: str) -> None:
    """Raise UsageError for a single photo, whose letters, bytes or rows would be the photos."""
    is_photo = isinstance(photos, str | Path | bytes | bytearray | memoryview)
    if is_photo or (isinstance(photos, np.ndarray) and photos.ndim <= _COLOUR_AXES):
        raise UsageError(f"{what}: a single {type(photos).__name__} is given, put it into a list")
    if not isinstance(photos, Iterable):
        raise UsageError(
            f"{what} is of the type '{type(photos).__name__}': give a list of paths, or a mapping "
            "from event ids to lists"
        )
