"""ctc inventory FORMAT"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.errors import OutputExistsError, UsageError, did_you_mean

if TYPE_CHECKING:
    from ctc.inventory.build import Built
    from ctc.plugin import InputFormat, Option

PATH = click.Path(path_type=Path)
_TYPES = {"text": click.STRING, "integer": click.INT, "number": click.FLOAT, "flag": click.BOOL, "path": PATH}


class FormatGroup(click.Group):
    """One command per input format that is installed."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_formats())

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        known = _formats()
        if name not in known:
            raise UsageError(f"no input format called '{name}'{did_you_mean(name, known)}")
        return _command_of(known[name])


@click.group(cls=FormatGroup, epilog="Example: ctc inventory folders photos --output inventory.parquet")
def command() -> None:
    """Find labelled photos, in one of these formats, and write down what is there."""


def _formats() -> dict[str, InputFormat]:
    from ctc.plugin import InputFormat
    from ctc.plugin.manager import plugins

    return dict(plugins().all(InputFormat))


def _command_of(input_format: InputFormat) -> click.Command:
    parameters: list[click.Parameter] = [
        click.Argument(["source"], type=PATH, metavar=input_format.source),
        click.Option(["--output"], type=PATH, required=True, help="Inventory to write, a .parquet file."),
        click.Option(["--image-root"], type=PATH, help="Where relative paths start.  [default: beside the source]"),
        click.Option(["--overwrite"], is_flag=True, help="Replace the output if it is there."),
        *(_option(option) for option in input_format.options),
    ]
    summary = input_format.summary[:1].upper() + input_format.summary[1:] + "."
    return click.Command(
        input_format.name,
        params=parameters,
        callback=_run(input_format),
        help=summary,
        epilog=f"Example: {input_format.example}" if input_format.example else None,
    )


def _option(option: Option) -> click.Option:
    return click.Option(
        [f"--{option.name}", option.key],
        type=_TYPES[option.type],
        is_flag=option.type == "flag",
        required=option.required,
        multiple=option.multiple,
        default=() if option.multiple else option.default,
        metavar=option.metavar,
        help=option.help + (" Repeatable." if option.multiple else ""),
    )


def _run(input_format: InputFormat) -> Callable[..., None]:
    def run(source: Path, output: Path, image_root: Path | None, overwrite: bool, **options: Any) -> None:
        from ctc.inventory.build import build_inventory

        if output.exists() and not overwrite:
            raise OutputExistsError(output)
        built = build_inventory(input_format, source, options, image_root)
        built.inventory.write(output)
        _tell(built, output)

    return run


def _tell(built: Built, output: Path) -> None:
    from ctc.cli.console import say, warn
    from ctc.inventory.summarize import summarize

    for line in summarize(built.inventory):
        say(line)
    for reason, count in Counter(entry.reason for entry in built.left_out).most_common():
        where = next(entry.where for entry in built.left_out if entry.reason == reason)
        warn(f"{count:,} left out: {reason} (first: {where})")
    if built.missing:
        warn(
            f"{built.missing} of the first {built.looked_at} photos are not in '{built.inventory.image_root}': "
            "check --image-root"
        )
    say(f"wrote '{output}'")
