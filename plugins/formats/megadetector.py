"""MegaDetector's results joined to an inventory: the animal's bounding box in each photo.

The inventory keeps its columns and gets six more. `detections` has all boxes of each image of the
event with at least `--min-confidence`, as JSON. `box_x`, `box_y`, `box_w`, `box_h` (in fractions of
the photo's sides, from its top left corner) and `box_conf` have one box per image, null where there
is none: the most confident one of the category `animal`, else the most confident of any category,
since people and vehicles are classes too. Boxes that come back, which `ctc detect` marked or that
are at a place of `--repeats`, are left out.
"""

from __future__ import annotations

import ntpath
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import DETECTIONS, Box, LabelledBox, detections_to_json
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.artifacts.repeats import RepeatList
from ctc.errors import InputError, UsageError
from ctc.images.listing.photo_paths import normalize_path
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.storage.paths import is_remote

from . import duplicates
from .json_stream import has_any_key
from .megadetector_boxes import BoxIndex, ScoredBox

COLUMNS = tuple(f"box_{field}" for field in ScoredBox._fields)
ROWS_PER_BATCH = 10_000
NO_RESULT = "MegaDetector's results don't have it: kept without a box"


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="megadetector",
            summary="boxes from MegaDetector's results (a JSON file), added to an inventory",
            source="FILE",
            recognizes=lambda path: has_any_key(path, "detections", "detection_categories"),
            read=read,
            default_image_root=lambda _, options: Inventory.read_image_root(options["inventory"]),
            options=(
                Option(
                    "inventory",
                    "Inventory to add the boxes to; the file is not changed.",
                    "path",
                    "FILE",
                    required=True,
                ),
                Option(
                    "detected-in",
                    "Folder that MegaDetector ran on, if it is not the inventory's image root.",
                    "path",
                    "DIR",
                ),
                Option("min-confidence", "Leave out boxes below this, 0–1.", "number", default=0.1),
                Option(
                    "repeats",
                    "List of `ctc detect repeats`: boxes at its places are left out.",
                    "path",
                    "FILE",
                ),
                duplicates.OPTION,
            ),
            example="ctc inventory megadetector boxes.json --inventory inventory.parquet "
            "--output with_boxes.parquet",
        )
    ]


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the inventory's observations with boxes, and everything left out.

    That is what the inventory itself left out, the photos that only one of the two files has, and
    those that MegaDetector couldn't read. Raises InputError when the two have no photo in common.
    """
    min_confidence, path = options["min_confidence"], options["inventory"]
    if not 0 <= min_confidence <= 1:
        raise UsageError(f"--min-confidence must be from 0 to 1, not {min_confidence:g}")
    inventory = Inventory.read(path)
    root = normalize_path(inventory.image_root.as_posix()).rstrip("/") + "/"
    normalize = _path_normalizer(root, options["detected_in"])
    repeats = RepeatList.read(listed) if (listed := options.get("repeats")) else None
    boxes = BoxIndex(min_confidence, duplicates.should_keep_first(options), normalize, repeats)
    yield from boxes.read(source)
    missing: dict[str, None] = {}
    for row in _rows(inventory):
        found, everything = [], []
        for image in row[IMAGES] or ():
            file = boxes.key(normalize_path(image).removeprefix(root))
            if file not in boxes:
                missing[image] = None
            found.append(boxes.best(file) if file in boxes else None)
            everything.append(_all_boxes(boxes, file))
        yield _observation(row, inventory.labels, found, everything)
    if not boxes.any_used():
        raise InputError(_no_common_photo_message(source, boxes, path, missing))
    for reason, count in inventory.left_out.items():
        yield from repeat(LeftOut(f"'{path}'", reason), count)
    yield from (LeftOut(image, NO_RESULT) for image in missing)
    yield from (
        LeftOut(file, f"MegaDetector failed ({why}): kept without a box")
        for file, why in boxes.failures()
    )
    yield from (LeftOut(file, "not in the inventory") for file in boxes.unused())


def _path_normalizer(root: str, detected_in: Path | None) -> Callable[[str], str]:
    """Return the function from a file name in the results to the path in the inventory.

    That path is relative to `root`, or absolute for a file elsewhere. A folder of another computer,
    such as `D:/photos`, stands for `root`.
    """
    if detected_in is None:
        return lambda file: normalize_path(file).removeprefix(root)
    given = normalize_path(str(detected_in)).rstrip("/") + "/"
    is_elsewhere = _is_foreign(given) or not (is_remote(detected_in) or detected_in.exists())
    base = normalize_path(str(detected_in if is_remote(detected_in) else detected_in.absolute()))

    def normalize(file: str) -> str:
        path = normalize_path(file)
        if _is_rooted(path):
            path = _remove_folder(path, given) if is_elsewhere else path
        elif not _is_foreign(given):
            path = normalize_path(f"{base}/{path}")
        return path.removeprefix(root)

    return normalize


def _is_rooted(path: str) -> bool:
    return path.startswith("/") or _is_foreign(path)


def _is_foreign(path: str) -> bool:
    """Return whether a path with forward slashes has a Windows drive, and this is not Windows."""
    return os.name != "nt" and bool(ntpath.splitdrive(path)[0])


def _remove_folder(path: str, folder: str) -> str:
    """Return the path without the folder that it begins with; Windows ignores case."""
    same = path[: len(folder)].casefold() == folder.casefold() if _is_foreign(folder) else False
    return path[len(folder) :] if same else path.removeprefix(folder)


def _rows(inventory: Inventory) -> Iterator[dict[str, Any]]:
    for batch in inventory.table.to_batches(max_chunksize=ROWS_PER_BATCH):
        yield from batch.to_pylist()


def _all_boxes(boxes: BoxIndex, file: str) -> str | None:
    """Return all boxes of a file as JSON, None without any."""
    return detections_to_json(
        [
            LabelledBox(Box(box.x, box.y, box.w, box.h, confidence=box.conf), name)
            for name, box in (boxes.all(file) if file in boxes else ())
        ]
    )


def _observation(
    row: dict[str, Any],
    labels: tuple[str, ...],
    boxes: list[ScoredBox | None],
    everything: list[str | None],
) -> Observation:
    own = (EVENT_ID, IMAGES, *labels, *COLUMNS, DETECTIONS)
    meta = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name not in own
    }
    found = {name: tuple(box and box[at] for box in boxes) for at, name in enumerate(COLUMNS)}
    return Observation(
        row[EVENT_ID],
        tuple(row[IMAGES] or ()),
        {label: row[label] for label in labels},
        {**meta, **found, DETECTIONS: tuple(everything)},
    )


def _no_common_photo_message(
    source: Path, boxes: BoxIndex, path: Path, missing: Iterable[str]
) -> str:
    file, image = next(boxes.unused(), None), next(iter(missing), None)
    if file is None:
        return boxes.first_problem or f"'{source}' has no images"
    return (
        f"'{source}' and '{path}' have no photo in common: the first has '{file}', "
        f"the second '{image}'; give the folder that MegaDetector ran on with --detected-in, "
        "also one of another computer"
    )
