"""The page for users of 2.x: every command and option of it is there, and what it became exists."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from ctc.cli.main import ctc

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coming-from-2.md"
SECTION = re.compile(r"^## `ctc\.(\w+)` is `ctc (\w+)`\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
SECTIONS = SECTION.findall(PAGE.read_text(encoding="utf-8"))
ROW = re.compile(r"^\| (`-\w.*?) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)


def told(section: str) -> dict[str, str]:
    """What each old option became."""
    return {
        old: new for names, new, _ in ROW.findall(section) for old in re.findall(r"`-(\w+)`", names)
    }


def options_of_2(shared: Path) -> dict[str, set[str]]:
    """By command, from the list of the old code's options."""
    found: dict[str, set[str]] = {}
    command = ""
    for line in (shared / "seed" / "OPTIONS.md").read_text(encoding="utf-8").splitlines():
        if cells := re.fullmatch(r"\| (\w*)(.*?)\| (.*?) \|.*\|", line):
            command = cells[1] or command
            found.setdefault(command, set()).update(names_in(cells[3]))
    del found["command"]
    return found


def names_in(cell: str) -> set[str]:
    """Without defaults and values. 'a/b_path' is two names, as is 'a_name/_value'; '…_size' is one
    that ends so."""
    names = set()
    for part in re.split(r",| or (?=\w+_)| with (?=\w+_)", re.sub(r"\([^)]*\)", "", cell)):
        word = next(iter(part.split()), "")
        first, *others = word.split("/")
        if others and others[0].startswith("_"):
            names |= {first, first.rpartition("_")[0] + others[0]}
        elif others:
            names |= {
                one + others[-1][others[-1].index("_") :] for one in (first, *others[:-1])
            } | {others[-1]}
        else:
            names.add(word)
    return names - {""}


def test_coming_from_2_lists_every_old_option(shared: Path) -> None:
    old = options_of_2(shared)
    assert set(old) == {command for command, _, _ in SECTIONS}
    for command, _, section in SECTIONS:
        known = told(section)
        lacking = {
            name
            for name in old[command]
            if not any(one == name or one.endswith(name.lstrip("…")) for one in known)
        }
        assert not lacking, f"{command}: {lacking}"


@pytest.mark.parametrize(("old", "new", "section"), SECTIONS, ids=[old for old, _, _ in SECTIONS])
def test_coming_from_2_names_existing_options(old: str, new: str, section: str) -> None:
    names = {
        name for became in told(section).values() for name in re.findall(r"`(--[\w-]+)`", became)
    }
    assert names, old
    assert names <= every_option(new)


def test_coming_from_2_explains_removed_options() -> None:
    for _, _, section in SECTIONS:
        for names, new, why in ROW.findall(section):
            assert new != "gone" or len(why) > 10, f"{names} is gone: say why"


def every_option(name: str) -> set[str]:
    """Of a command, of all commands below it, and of `ctc` itself."""
    context = click.Context(ctc)
    commands = [ctc, ctc.get_command(context, name)]
    if isinstance(commands[1], click.Group):
        commands += [
            commands[1].get_command(context, below) for below in commands[1].list_commands(context)
        ]
    return {
        option for command in commands for one in command.get_params(context) for option in one.opts
    }
