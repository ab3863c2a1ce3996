"""repeats.html: the places of a list of repeats, to be ticked off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.boxes import Box
from ctc.detection.repeats.find import FoundRepeat
from ctc.detection.repeats.run import RepeatResult
from ctc.errors import ImageError
from ctc.evaluation.html.page import write_page
from ctc.evaluation.html.thumbnails import MEGABYTE, TOO_MUCH, data_uri, draw_box
from ctc.images import decode, oriented_size, read_photo, shrink
from ctc.images.crop import square_around
from ctc.reporting import counted
from ctc.storage.ordered_map import map_in_order
from ctc.storage.paths import join_path

SIDE = 176
"""Pixels of a thumbnail's side."""
MARGIN = 0.75
"""Of the photo around the box, in longer sides of the box."""


@dataclass(frozen=True)
class Thumbnail:
    """A thumbnail as data URI, or why there is none; `photo`: its path in the boxes file."""

    photo: str
    uri: str = ""
    missing: str = ""


@dataclass(frozen=True)
class ShownPlace:
    """A place on the page; `number`: its position in the list."""

    number: int
    found: FoundRepeat
    thumbnails: tuple[Thumbnail, ...]


def write_repeats_page(
    path: Path,
    result: RepeatResult,
    name: str,
    megabytes: float,
    threads: int,
    advance: Callable[[int, int], None],
) -> None:
    """Write the page of what was found; `name`: that of the boxes file.

    `megabytes`: the most that all thumbnails together take. `advance(1, 0 or 1)` is called per
    place, 1 where photos can't be read.
    """
    places = _thumbnails(result, megabytes, threads, advance)
    cameras: dict[str, list[ShownPlace]] = {}
    for place in places:
        cameras.setdefault(place.found.place.camera, []).append(place)
    write_page(
        path,
        "repeats.html",
        {
            "title": f"Boxes that come back, in {name}",
            "summary": _summary(result),
            "cameras": cameras,
            "list": result.list.to_json(),
            "names": list(cameras),
        },
        scripts=("page.js", "repeats.js"),
    )


def _summary(result: RepeatResult) -> list[str]:
    looked = (
        f"{counted(result.boxes, 'box', 'boxes')} in {counted(result.photos, 'photo')} of"
        f" {counted(result.cameras, 'camera')} were looked through."
    )
    if not result.found:
        return [looked, "No box comes back often enough."]
    cameras = counted(len({one.place.camera for one in result.found}), "camera")
    places = counted(len(result.found), "place has", "places have")
    return [
        looked,
        f"{places} a box in photo after photo, at {cameras}: {result.repeated_boxes:,} in all.",
        "They are set aside. Tick what is an animal after all, and save the list.",
    ]


def _thumbnails(
    result: RepeatResult,
    megabytes: float,
    threads: int,
    advance: Callable[[int, int], None],
) -> list[ShownPlace]:
    budget = int(megabytes * MEGABYTE)
    shown: list[ShownPlace] = []

    def read(found: FoundRepeat) -> tuple[Thumbnail, ...]:
        photos = found.photos if budget > 0 else ()
        return tuple(_thumbnail(result.root, photo, found.place.box) for photo in photos)

    with (
        ThreadPoolExecutor(threads) as pool,
        closing(map_in_order(pool, read, result.found, 4 * threads)) as all_thumbnails,
    ):
        for number, (found, made) in enumerate(zip(result.found, all_thumbnails, strict=True)):
            size = sum(len(one.uri) for one in made)
            fits = size <= budget and bool(made)
            budget = budget - size if fits else 0
            missing = tuple(Thumbnail(photo, missing=TOO_MUCH) for photo in found.photos[:1])
            shown.append(ShownPlace(number, found, made if fits else missing))
            advance(1, int(any(one.missing for one in made)))
    return shown


def _thumbnail(root: Path, photo: str, box: Box) -> Thumbnail:
    """Return the surroundings of a box, which is outlined."""
    try:
        data = read_photo(join_path(root, photo))
        height, width, _ = oriented_size(data)
        enough = SIDE / min(_sides(box, height, width))
        at_least = round(height * min(1, enough)), round(width * min(1, enough))
        pixels = decode(data, at_least)
        region = square_around(box, pixels.shape[0], pixels.shape[1], MARGIN)
        bottom, right = region.top + region.height, region.left + region.width
        cut = shrink(pixels[region.top : bottom, region.left : right], SIDE)
        place = Box(
            (box.x * pixels.shape[1] - region.left) / region.width,
            (box.y * pixels.shape[0] - region.top) / region.height,
            box.width * pixels.shape[1] / region.width,
            box.height * pixels.shape[0] / region.height,
        )
        return Thumbnail(photo, data_uri(draw_box(cut, place)))
    except ImageError as error:
        return Thumbnail(photo, missing=str(error))


def _sides(box: Box, height: int, width: int) -> Sequence[int]:
    region = square_around(box, height, width, MARGIN)
    return region.height, region.width
