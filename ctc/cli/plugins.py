"""ctc plugins"""

from __future__ import annotations

import json

import click


@click.command(epilog="Example: ctc plugins --json")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a table.")
def command(as_json: bool) -> None:
    """List what is installed, by kind: name, what it does, where it comes from; and what could not be loaded."""
    from ctc.plugin.manager import plugins

    found = [
        {
            "kind": entry.kind.title,
            "name": entry.record.name,
            "summary": entry.record.summary,
            "distribution": entry.owner.distribution,
            "version": entry.owner.version,
        }
        for entry in sorted(plugins().found, key=lambda entry: (entry.kind.title, entry.record.name))
    ]
    broken = [
        {
            "name": entry.owner.entry_point,
            "distribution": entry.owner.distribution,
            "version": entry.owner.version,
            "reason": entry.reason,
        }
        for entry in plugins().broken
    ]
    if as_json:
        click.echo(json.dumps({"plugins": found, "broken": broken}, indent=1, ensure_ascii=False))
        return
    for row in found:
        click.echo(f"{row['kind']:<14} {row['name']:<14} {row['summary']}  ({row['distribution']} {row['version']})")
    for row in broken:
        click.echo(f"broken         {row['name']:<14} {row['reason']}  ({row['distribution']} {row['version']})")
