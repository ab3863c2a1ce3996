"""`make reference`: write docs/reference/commands.md, the help of every command as it is
printed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "commands.md"
HEAD = """# Commands

What every command says with `--help`, with the built-in plugins; yours adds to it what is installed beside them.
Written by `make reference`, from the commands themselves.
"""


def page() -> str:
    """The whole text, the same on every machine."""
    os.environ |= {"COLUMNS": "110", "CTC_PLUGINS": ""}
    return HEAD + "".join(
        f"\n## `{' '.join(['ctc', *words])}`\n\n```\n{said(words)}```\n" for words in commands()
    )


def commands() -> Iterator[list[str]]:
    """The words of every command: `ctc` itself, then the others and what is below them."""
    import click

    from ctc.cli.main import COMMANDS, ctc

    yield []
    context = click.Context(ctc)
    for name in COMMANDS:
        yield name.split()
        command = ctc.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ([*name.split(), below] for below in command.list_commands(context))


def said(words: list[str]) -> str:
    """What a command prints with --help."""
    from ctc.cli.main import run

    with redirect_stdout(StringIO()) as printed:
        code = run([*words, "--help"])
    if code:
        raise SystemExit(f"'ctc {' '.join(words)} --help' leaves with {code}")
    return "\n".join(line.rstrip() for line in printed.getvalue().splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
