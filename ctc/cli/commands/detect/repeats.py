"""The command `ctc detect repeats`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.inference import threads_option
from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import OutputExistsError, require_extra
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.detection.repeats.run import RepeatResult


@click.command(
    epilog="Example: ctc detect repeats boxes.json --image-root new_photos --output repeats"
)
@click.argument("boxes", type=PATH_OR_URL)
@option(
    "--output", type=PATH_OR_URL, required=True, help="Folder for repeats.json and repeats.html."
)
@option(
    "--image-root",
    type=PATH_OR_URL,
    metavar="DIR",
    show_default="the folder of BOXES",
    help="Folder that the paths in BOXES start from: the one that the detector ran on.",
)
@option(
    "--levels",
    type=click.IntRange(0, 20),
    default=0,
    help="Which folder of a photo is its camera's: 0, the one that it is in; 1, the one above. "
    "Folders that cameras number (DCIM, 100RECNX) belong to the one above them.",
)
@option(
    "--min-photos",
    type=click.IntRange(2),
    default=15,
    help="Least number of a camera's photos with a box at the place.",
)
@option(
    "--min-iou",
    type=click.FloatRange(0.3, 1),
    default=0.85,
    help="Least overlap of the boxes at a place (intersection over union).",
)
@option(
    "--max-area",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.2,
    help="Largest share of the photo that a box may fill; larger ones are not looked at.",
)
@option(
    "--min-hours",
    type=click.FloatRange(0),
    default=24.0,
    help="Least hours between the first and the last photo, where their times are known: an animal "
    "that rests is no repeat.",
)
@option(
    "--thumbnails",
    type=click.FloatRange(0),
    metavar="MB",
    default=15,
    help="Maximum size of all thumbnails in repeats.html together.",
)
@threads_option("all")
@option("--overwrite", is_flag=True, help="Replace an existing list.")
def command(
    boxes: Path,
    output: Path,
    image_root: Path | None,
    levels: int,
    min_photos: int,
    min_iou: float,
    max_area: float,
    min_hours: float,
    thumbnails: float,
    threads: int | None,
    overwrite: bool,
) -> None:
    """Find the places where a camera's photos have a box again and again: stones, branches.

    BOXES is the .json output of `ctc detect`, or MegaDetector's. OUTPUT/repeats.json lists the
    places, and OUTPUT/repeats.html shows them, to be ticked off in a browser, without a network.
    Give the list to `ctc detect`, `ctc predict --detector` or `ctc inventory megadetector` with
    --repeats: boxes at its places are set aside.
    """
    require_extra("ctc detect repeats", "report", ["jinja2"])
    from ctc.cli.console.console import progress
    from ctc.detection.repeats.find import RepeatConfig
    from ctc.detection.repeats.run import PAGE_FILE, REPEATS_FILE, RepeatSearch, search_repeats
    from ctc.evaluation.html.repeats_page import write_repeats_page
    from ctc.hardware import usable_cores
    from ctc.storage.atomic import check_writable

    for name in (REPEATS_FILE, PAGE_FILE):
        if (output / name).exists() and not overwrite:
            raise OutputExistsError(output / name)
    check_writable(output, is_folder=True)
    config = RepeatConfig(min_photos, min_iou, max_area, min_hours)
    result = search_repeats(RepeatSearch(boxes, image_root, levels, config))
    with progress("show", len(result.found)) as bar:
        write_repeats_page(
            output / PAGE_FILE,
            result,
            boxes.name,
            thumbnails,
            threads or usable_cores(),
            bar.advance,
        )
    result.list.write(output / REPEATS_FILE)
    _print(result, output / PAGE_FILE, min_photos)
    click.echo(output / REPEATS_FILE)


def _print(result: RepeatResult, page: Path, least: int) -> None:
    from ctc.cli.console.console import info

    info(
        f"looked through {counted(result.boxes, 'box', 'boxes')} in"
        f" {counted(result.photos, 'photo')} of {counted(result.cameras, 'camera')}"
    )
    if not result.found:
        info(
            f"no place of a camera has a box in {counted(least, 'photo')} or more (--min-photos): "
            "the list is empty"
        )
        return
    cameras = len({one.place.camera for one in result.found})
    info(
        f"{counted(len(result.found), 'place')} at {counted(cameras, 'camera')}, in"
        f" {counted(result.repeated_boxes, 'photo')} together: look at them in '{page}'"
    )
