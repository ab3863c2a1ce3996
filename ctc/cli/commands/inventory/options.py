"""Options of `ctc inventory FORMAT`: shared options, and those that a format declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.clips import clip_options, pop_frames
from ctc.cli.options.option import CommandOption
from ctc.cli.options.plugin import to_click_option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import UsageError
from ctc.inventory.config import CAMERA_DATA, NONE

if TYPE_CHECKING:
    from ctc.inventory.config import InventoryConfig
    from ctc.plugin import InputFormat


def parameters(input_format: InputFormat) -> list[click.Parameter]:
    """Return the source, the options of the format, and the shared options."""
    source = click.Argument(["source"], type=PATH_OR_URL, metavar=input_format.source)
    return [source, *map(to_click_option, input_format.options), *_shared_options()]


def to_config(options: dict[str, Any]) -> InventoryConfig:
    """Take the values of the configuration out of `options`."""
    from dataclasses import fields

    from ctc.inventory.config import InventoryConfig

    if options["time_format"] and not options["time_from"]:
        raise UsageError("--time-format is the format of --time-from: add --time-from COLUMN")
    frames = pop_frames(options)
    names = [field.name for field in fields(InventoryConfig) if field.name != "frames"]
    return InventoryConfig(**{name: options.pop(name) for name in names}, frames=frames)


def _shared_options() -> list[click.Option]:
    return [
        CommandOption(
            ["--output"],
            type=PATH_OR_URL,
            required=True,
            help="Inventory to write, a .parquet file.",
        ),
        CommandOption(
            ["--image-root"],
            type=PATH_OR_URL,
            show_default="the folder of the source",
            help="Folder that relative paths start from.",
        ),
        CommandOption(["--overwrite"], is_flag=True, help="Replace an existing output."),
        CommandOption(
            ["--relabel"],
            type=PATH_OR_URL,
            help="CSV with the columns label, old, new that renames classes; an empty new makes "
            "the label missing.",
        ),
        CommandOption(
            ["--ignore-case"],
            is_flag=True,
            help="Find photos whose names on the disk differ from the source in upper and lower "
            "case, in Unicode form, or as .jpeg and .jpg.",
        ),
        CommandOption(
            ["--discard-missing"], is_flag=True, help="Drop observations with a missing label."
        ),
        CommandOption(
            ["--location-from"],
            metavar="folder|exif|COLUMN",
            help="Source of 'location': the photo's folder, its GPS position or camera serial "
            "number, or a column of the source.",
        ),
        CommandOption(
            ["--time-from"],
            metavar="COLUMN",
            multiple=True,
            help="Fill 'datetime' from a column of the source, with times written in any usual "
            "way. Repeatable, for a date and a time in two columns.",
        ),
        CommandOption(
            ["--time-format"],
            metavar="FORMAT",
            show_default="recognized",
            help="Format of the times in --time-from, such as '%d/%m/%Y %H:%M' "
            "(%d day, %m month, %Y year, %H hour, %I with %p for AM/PM, %M minute, %S second).",
        ),
        CommandOption(["--time-from-exif"], is_flag=True, help="Fill 'datetime' from EXIF."),
        CommandOption(
            ["--time-from-mtime"],
            is_flag=True,
            help="Fill 'datetime' from EXIF, or else from the file's modification time.",
        ),
        CommandOption(
            ["--camera-data"],
            type=click.Choice(CAMERA_DATA),
            default=NONE,
            help="Who reads make, model, serial number, temperature, trigger, sequence … from the "
            "photos: the built-in reader (EXIF, notes of Reconyx), exiftool (slower, knows more "
            "makers), or auto: exiftool only for what the built-in reader doesn't know.",
        ),
        CommandOption(
            ["--clock-offset"],
            type=PATH_OR_URL,
            metavar="FILE",
            help="CSV that corrects 'datetime' where clocks were wrong: deployment; seconds, or "
            "shown and true; from and to. 'datetime_original' keeps the cameras' times.",
        ),
        CommandOption(
            ["--time-zone"],
            metavar="ZONE",
            show_default="times without a zone",
            help="Zone of the cameras' clocks, with which 'datetime' is written: 'Europe/Berlin' or"
            " '+01:00'.",
        ),
        CommandOption(
            ["--events-within"],
            type=click.FloatRange(0),
            metavar="SECONDS",
            help="Group photos without an event into events: a photo joins the event of the photo "
            "before it at the location when their times are at most this far apart.",
        ),
        CommandOption(
            ["--events-by-sequence"],
            is_flag=True,
            help="Group photos that the camera numbers as those of one trigger, 1 of 3, 2 of 3 … "
            "(needs --camera-data); with --events-within, photos without such numbers by time.",
        ),
        *clip_options(),
    ]
