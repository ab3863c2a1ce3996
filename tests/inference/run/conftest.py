"""Output formats of other plugins, and prediction commands that announce their progress."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import LoadedRecord, Owner, Plugins, plugins

_ANNOUNCING = """
import sys, time
from ctc.cli import main
from ctc.inference.journal.journal import Journal

results, then = int(sys.argv.pop(1)), sys.argv.pop(1)
append = Journal.append


def append_and_announce(journal, result):
    append(journal, result)
    if journal.completed == results:
        print("reached", flush=True)
        if then == "pause":
            time.sleep(3600)


Journal.append = append_and_announce
main()
"""


@pytest.fixture
def plugins_with() -> Callable[..., Plugins]:
    """A function that returns all plugins and further output formats."""

    def load(*formats: OutputFormat) -> Plugins:
        kind = next(one.kind for one in plugins().loaded if one.kind.hook == "ctc_output_formats")
        others = (LoadedRecord(kind, one, Owner(one.name, "other", "1")) for one in formats)
        return Plugins([*plugins().loaded, *others], [])

    return load


@pytest.fixture
def folder_format(plugins_with) -> Plugins:
    """All plugins and an output format that writes a folder."""

    def write(entries, path: Path, context: OutputContext) -> None:
        path.mkdir()
        (path / "seen").write_text(str(len(list(entries))))

    return plugins_with(OutputFormat("folder", "", (".folder",), write, folder=True))


@pytest.fixture
def announcing_command() -> Callable[..., list[str]]:
    """A function that returns a `ctc predict` command which prints a line on stdout.

    It does so when its journal has `results` results, and then continues or pauses.
    """

    def command(results: int, *arguments: object, then: str = "continue") -> list[str]:
        start = [sys.executable, "-c", _ANNOUNCING, str(results), then, "predict"]
        return [*start, *map(str, arguments)]

    return command
