"""The command `ctc inventory`, with a subcommand per input format.

`ctc inventory SOURCE` without a format runs the subcommand of the format that recognizes SOURCE.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.commands.inventory.options import parameters, to_config
from ctc.cli.options.values.paths import input_paths
from ctc.cli.registry import COMMANDS
from ctc.cli.settings.context import with_config_layers
from ctc.errors import OutputExistsError, UsageError, did_you_mean
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.inventory.build import InventoryResult
    from ctc.plugin import InputFormat


class FormatGroup(click.Group):
    """A group with a command for each input format that is installed."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_formats())

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        from ctc.plugin import InputFormat
        from ctc.plugin.manager import plugins

        known = _formats()
        if name not in known:
            plugins().raise_if_skipped(InputFormat, name)
            choices = did_you_mean(name, [*known, *_subcommands()])
            raise UsageError(
                f"no input format called '{name}', and no such file or folder{choices}"
            )
        return _make_command(known[name])

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from ctc.inventory.recognize import recognize_format
        from ctc.storage.paths import parse_path
        from ctc.storage.remote_files import check_reachable

        known, first = _formats(), arguments[0]
        if first in known or first.startswith("-"):
            return super().resolve_command(context, arguments)
        if not check_reachable(parse_path(first)).exists():
            return super().resolve_command(context, arguments)
        found = recognize_format(parse_path(first), known.values())
        return found.name, _make_command(found, RecognizedCommand), arguments

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _sentence(found.summary)) for name, found in _formats().items()]
            )
        with formatter.section("Commands on an inventory"):
            formatter.write_dl(list(_subcommands().items()))


class RecognizedCommand(click.Command):
    """The command of a format that was recognized and not named; it prints which one."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        from ctc.cli.console.console import info

        try:
            return super().parse_args(context, arguments)
        finally:  # also if options are missing; by now, --quiet has been read
            if not context.resilient_parsing:
                info(f"recognized '{self.name}'")


@click.group(
    cls=FormatGroup, epilog="Example: ctc inventory folders photos --output inventory.parquet"
)
def command() -> None:
    """Read labelled photos, in one of these formats, into an inventory.

    Without a format, as in `ctc inventory SOURCE`, the one that recognizes SOURCE is used.
    """


def _subcommands() -> dict[str, str]:
    """Return `show` and `check`, which have their own modules, with their summaries."""
    return {
        name.removeprefix("inventory "): summary
        for name, summary in COMMANDS.items()
        if name.startswith("inventory ")
    }


def _formats() -> dict[str, InputFormat]:
    from ctc.plugin import InputFormat
    from ctc.plugin.manager import plugins

    return dict(plugins().all(InputFormat))


def _make_command(
    input_format: InputFormat, command_class: type[click.Command] = click.Command
) -> click.Command:
    command = command_class(
        input_format.name,
        params=parameters(input_format),
        callback=_make_callback(input_format),
        help=_sentence(input_format.summary),
        epilog=f"Example: {input_format.example}" if input_format.example else None,
    )
    return with_config_layers(command)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _make_callback(input_format: InputFormat) -> Callable[..., None]:
    def run(
        source: Path, output: Path, image_root: Path | None, overwrite: bool, **options: Any
    ) -> None:
        from ctc.cli.console.console import progress
        from ctc.inventory.build import build_inventory, check_output_name
        from ctc.inventory.left_out import LeftOutLog, left_out_path
        from ctc.storage.paths import check_not_input

        inputs = input_paths(click.get_current_context())
        config = to_config(options)
        check_output_name(output)
        for path in (output, left_out_path(output)):
            check_not_input(path, inputs)
            if path.exists() and not overwrite:
                raise OutputExistsError(path)
        with LeftOutLog(left_out_path(output)) as left_out:
            built = build_inventory(
                input_format, source, options, image_root, config, left_out, progress
            )
            built.inventory.write(output)
        _print_result(built, output)

    return run


def _print_result(built: InventoryResult, output: Path) -> None:
    from ctc.cli.console.console import info, warn
    from ctc.inventory.show import summary_lines

    for line in (*built.notes, *summary_lines(built.inventory)):
        info(line)
    for reason, count in built.left_out.counts.most_common():
        warn(f"{count:,} left out: {reason} (first: {', '.join(built.left_out.examples[reason])})")
    if built.left_out.counts:
        info(f"entries that were left out are listed in '{built.left_out.path}'")
    if built.missing_photos:
        hint = built.missing_hint
        if built.similar_photo:
            named, actual = built.similar_photo
            hint = f"there is '{actual}' for '{named}', add --ignore-case"
        warn(
            f"{built.missing_photos} of the first {counted(built.checked_photos, 'photo')} "
            f"{'is' if built.missing_photos == 1 else 'are'} not in "
            f"'{built.inventory.image_root}': {hint}"
        )
    info(f"wrote '{output}'")
