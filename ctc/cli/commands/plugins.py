"""The command `ctc plugins`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ctc.cli.options.option import option

if TYPE_CHECKING:
    from ctc.plugin.entry_points import SkippedPlugin
    from ctc.plugin.manager import Plugins

PluginRow = dict[str, str]


@click.command(epilog="Example: ctc plugins --json")
@option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(as_json: bool) -> None:
    """List the installed plugins by kind, with name, summary and package.

    Plugins that could not be loaded or are switched off are listed at the end, with the reason.
    """
    from ctc.cli.console.console import echo_json
    from ctc.plugin.manager import discover

    installed = discover()
    found = _plugin_rows(installed)
    skipped = {
        "broken": _skipped_rows(installed.broken),
        "off": _skipped_rows(installed.disabled),
    }
    if as_json:
        echo_json({"plugins": found, **skipped})
        return
    for row in found:
        click.echo(_format_line(row["kind"], row["name"], row["summary"], row))
    for kind, rows in skipped.items():
        for row in rows:
            click.echo(_format_line(kind, row["name"], row["reason"], row))


def _plugin_rows(plugins: Plugins) -> list[PluginRow]:
    ordered = sorted(plugins.loaded, key=lambda entry: (entry.kind.title, entry.record.name))
    return [
        {
            "kind": entry.kind.title,
            "name": entry.record.name,
            "summary": entry.record.summary,
            "distribution": entry.owner.distribution,
            "version": entry.owner.version,
        }
        for entry in ordered
    ]


def _skipped_rows(skipped: tuple[SkippedPlugin, ...]) -> list[PluginRow]:
    return [
        {
            "name": entry.record or entry.owner.entry_point,
            "distribution": entry.owner.distribution,
            "version": entry.owner.version,
            "reason": f"{entry.kind}: {entry.reason}" if entry.kind else entry.reason,
        }
        for entry in skipped
    ]


def _format_line(kind: str, name: str, text: str, row: PluginRow) -> str:
    return f"{kind:<14} {name:<14} {text}  ({row['distribution']} {row['version']})"
