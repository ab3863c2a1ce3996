"""Every link of README.md, CONTRIBUTING.md and docs/ leads to a file that is there and a heading in
it; every command and option named in the text exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from ctc.cli.main import COMMANDS, ctc

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
    CHECKOUT / "CHANGELOG.md",
    *sorted(DOCS.rglob("*.md")),
]
CODE = re.compile(r"^```.*?^```|^    .*?$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
PATH = re.compile(r"`((?:ctc|plugins|tests|benchmarks)/[\w/.]+)`")
COMMAND = re.compile(r"`ctc ([a-z][^`]*)`")


def text_of(page: Path) -> str:
    """Without blocks of code."""
    return CODE.sub("", page.read_text(encoding="utf-8"))


def anchor_of(heading: str) -> str:
    """As the site and the usual forges make it."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", words).strip().lower())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(text_of(page)):
        target = (page.parent / path) if path else page
        assert target.exists(), f"'{page.name}' links to '{path}', which is not there"
        if anchor:
            assert anchor in map(anchor_of, HEADING.findall(text_of(target))), (
                f"'{path}' has no heading '{anchor}'"
            )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_commands_in_text_exist_with_their_options(page: Path) -> None:
    for line in COMMAND.findall(" ".join(text_of(page).split())):
        words = shlex.split(line)
        options = {word for word in words if word.startswith("--")}
        assert options <= {"--help", *options_of(command_of(words))}, f"{page.name}: ctc {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_paths_in_text_exist(page: Path) -> None:
    for path in PATH.findall(text_of(page)):
        is_pattern = any(word.isupper() for word in Path(path).with_suffix("").parts)
        assert is_pattern or (CHECKOUT / path).exists(), f"{page.name}: '{path}' is not there"


def command_of(words: list[str]) -> click.Command:
    """The command that these words begin with."""
    two = " ".join(words[:2])
    command = ctc.get_command(click.Context(ctc), two if two in COMMANDS else words[0])
    assert command is not None, f"there is no command 'ctc {two}'"
    return command


def options_of(command: click.Command) -> set[str]:
    """Those of a group are those of all its commands: the text may say FORMAT for any of them."""
    context = click.Context(command)
    parameters = command.get_params(context)
    if isinstance(command, click.Group):
        parameters += [
            one
            for name in command.list_commands(context)
            for one in command.get_command(context, name).get_params(context)
        ]
    return {
        name for parameter in parameters for name in (*parameter.opts, *parameter.secondary_opts)
    }
