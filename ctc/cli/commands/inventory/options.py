"""The options of `ctc inventory FORMAT`: those that every format has, and those that a format
declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.plugin import to_click_option
from ctc.cli.settings.context import common_options
from ctc.errors import PluginError

if TYPE_CHECKING:
    from ctc.inventory.config import InventoryConfig
    from ctc.plugin import InputFormat


def parameters(input_format: InputFormat) -> list[click.Parameter]:
    """The source, the common options, and those of the format. Raises PluginError when it declares
    one of the common ones."""
    common = _shared_options()
    names = {name for option in (*common, *common_options()) for name in option.opts}
    for option in input_format.options:
        if f"--{option.name}" in names:
            raise PluginError(
                f"plugin {_owner(input_format)}: its input format '{input_format.name}' declares '--{option.name}', an option that "
                "every format has; the plugin's author must rename it"
            )
    source = click.Argument(["source"], type=PATH_OR_URL, metavar=input_format.source)
    return [source, *map(to_click_option, input_format.options), *common]


def to_config(options: dict[str, Any]) -> InventoryConfig:
    """Take the options that become the configuration out of `options`."""
    from dataclasses import fields

    from ctc.inventory.config import InventoryConfig

    return InventoryConfig(
        **{field.name: options.pop(field.name) for field in fields(InventoryConfig)}
    )


def _shared_options() -> list[click.Option]:
    return [
        click.Option(
            ["--output"],
            type=PATH_OR_URL,
            required=True,
            help="Inventory to write, a .parquet file.",
        ),
        click.Option(
            ["--image-root"],
            type=PATH_OR_URL,
            help="Where relative paths start.  [default: beside the source]",
        ),
        click.Option(["--overwrite"], is_flag=True, help="Replace the output if it is there."),
        click.Option(
            ["--relabel"],
            type=PATH_OR_URL,
            help="CSV with columns label, old, new: rename classes; new may be empty.",
        ),
        click.Option(
            ["--discard-missing"], is_flag=True, help="Drop observations that lack a label."
        ),
        click.Option(
            ["--location-from"],
            metavar="folder|exif|COLUMN",
            help="Fill 'location': from the photo's folder, its GPS position or camera number, or a meta column.",
        ),
        click.Option(["--time-from-exif"], is_flag=True, help="Fill 'datetime' from the photos."),
        click.Option(
            ["--time-from-mtime"], is_flag=True, help="The same, with the file's time as a guess."
        ),
        click.Option(
            ["--events-within"],
            type=click.FloatRange(0),
            metavar="SECONDS",
            help="Unite loose photos of one location, each within so many seconds of the one before, into events.",
        ),
    ]


def _owner(input_format: InputFormat) -> object:
    from ctc.plugin.manager import plugins

    return next(found.owner for found in plugins().loaded if found.record is input_format)
