"""The options that plugins declare as data, as options of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.paths import PLACE

if TYPE_CHECKING:
    from ctc.plugin import Option

_TYPES = {"text": click.STRING, "integer": click.INT, "number": click.FLOAT, "flag": click.BOOL, "path": PLACE}


def declared(option: Option) -> click.Option:
    """The option of a command for an option of a plugin."""
    default: dict[str, Any] = {} if option.required else {"default": () if option.multiple else option.default}
    return click.Option(
        [f"--{option.name}", option.key],
        type=_TYPES[option.type],
        is_flag=option.type == "flag",
        required=option.required,
        multiple=option.multiple,
        **default,  # to click, a default of None is a value as well
        metavar=option.metavar,
        help=option.help + (" Repeatable." if option.multiple else ""),
    )
