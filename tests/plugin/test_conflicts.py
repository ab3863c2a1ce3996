"""Records whose name or option is taken: they alone are skipped, and every command still works."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pytest

from ctc import plugin
from ctc.cli.commands.inventory.options import parameters
from ctc.cli.options.plugin import PluginOptionsCommand
from ctc.cli.registry import COMMANDS, module_of
from ctc.cli.settings.context import common_options
from ctc.plugin import Aggregation, Backbone, Engine, InputFormat, Option, OutputFormat
from ctc.plugin.conflicts import split_conflicts
from ctc.plugin.entry_points import OUR_DISTRIBUTION, Owner
from ctc.plugin.host_commands import HOST_COMMANDS
from ctc.plugin.kinds import LoadedRecord, kind_of

CTC, PARK, ZOO = (
    Owner("csv", OUR_DISTRIBUTION, "3"),
    Owner("a", "park", "1"),
    Owner("b", "zoo", "1"),
)
SHARED = """
    from pathlib import Path
    from ctc.plugin import InputFormat, Option, OutputFormat, hookimpl

    @hookimpl
    def ctc_output_formats():
        return [
            OutputFormat("same", "", (".x",), print, (Option("label", "Which label."),)),
            OutputFormat("flagged", "", (".y",), print, (Option("label", "A flag.", "flag"),)),
            OutputFormat("threaded", "", (".z",), print, (Option("threads", "Mine."),)),
        ]

    @hookimpl
    def ctc_input_formats():
        options = (Option("overwrite", "Not ours.", "flag"),)
        return [InputFormat("park", "park tables", Path.is_file, None, None, options=options)]
"""


def entry(record: Any, owner: Owner = PARK) -> LoadedRecord:
    return LoadedRecord(kind_of(type(record)), record, owner)


def output_format(name: str, *options: Option) -> OutputFormat:
    return OutputFormat(name, "a format", (), print, options)


def skip_reasons(*entries: LoadedRecord) -> dict[str, str]:
    return {skipped.record: skipped.reason for skipped in split_conflicts(entries)[1]}


def test_split_conflicts_skips_third_party_with_a_taken_name() -> None:
    mine, theirs = entry(output_format("csv"), CTC), entry(output_format("csv"))
    kept, skipped = split_conflicts([theirs, mine])
    assert kept == [mine]
    assert str(skipped[0]) == (
        "plugin 'a' of park 1: its output format 'csv' was skipped: plugin 'csv' of "
        f"{OUR_DISTRIBUTION} 3 has the same output format: its author must rename it"
    )


def test_split_conflicts_keeps_first_of_two_third_parties() -> None:
    first, second = entry(output_format("x"), PARK), entry(output_format("x"), ZOO)
    assert split_conflicts([first, second])[0] == [first]


def test_split_conflicts_allows_one_name_in_two_kinds() -> None:
    records = output_format("x"), Aggregation("x", "", lambda photos: photos[0])
    assert len(split_conflicts(map(entry, records))[0]) == 2


def test_split_conflicts_compares_form_of_options_and_not_help() -> None:
    known = entry(output_format("one", Option("label", "Help.")), CTC)
    other = entry(output_format("two", Option("label", "Other help.", default="a")))
    wrong = entry(output_format("three", Option("label", "Help.", "flag")))
    assert skip_reasons(known, other, wrong) == {
        "three": "its option '--label' is a flag, that of the output format 'one' a text: "
        "its author must rename it"
    }


@pytest.mark.parametrize(
    "record",
    [
        output_format("x", Option("threads", "Mine.")),
        output_format("x", Option("class-list", "The name of a parameter.")),
        Engine("x", "", lambda: None, print, options=(Option("image-root", "Mine."),)),
        Backbone("x", "", (8, 8), print, options=(Option("epochs", "Mine."),)),
        InputFormat("x", "", Path.is_dir, print, print, options=(Option("output", "Mine."),)),
    ],
)
def test_split_conflicts_skips_option_of_the_command(record: Any) -> None:
    name = record.options[0].name
    assert f"'--{name}' is an option of `ctc " in skip_reasons(entry(record))["x"]


def test_split_conflicts_skips_option_of_another_kind_in_the_same_command() -> None:
    first = entry(output_format("one", Option("queue", "Mine.")))
    second = entry(Engine("two", "", lambda: None, print, options=(Option("queue", "Mine."),)))
    assert skip_reasons(first, second) == {
        "two": "'--queue' is an option of the output format 'one': its author must rename it"
    }


def test_split_conflicts_lets_input_formats_share_names_of_options() -> None:
    one, two = (
        InputFormat(name, "", Path.is_dir, print, print, options=(Option("table", "T.", kind),))
        for name, kind in (("one", "flag"), ("two", "text"))
    )
    assert skip_reasons(entry(one), entry(two)) == {}


def own_names(params: Iterable[click.Parameter]) -> set[str]:
    names = {
        option.removeprefix("--")
        for one in params
        if isinstance(one, click.Option)
        for option in (*one.opts, *one.secondary_opts)
        if option.startswith("--")
    }
    return names | {(one.name or "").replace("_", "-") for one in params}


def host_commands() -> dict[str, tuple[set[str], frozenset[str]]]:
    """Return kinds and own options of each command with options of plugins."""
    found = {}
    for name in COMMANDS:
        command = importlib.import_module(module_of(name)).command
        if isinstance(command, PluginOptionsCommand):
            kinds = {kind_of(getattr(plugin, kind.record_name)).title for kind in command.kinds}
            dicts = {kind.dest.replace("_", "-") for kind in command.kinds}
            names = own_names([*command.params, *common_options()])
            found[name] = kinds, frozenset(names | dicts | {"help"})
    bare = InputFormat("x", "", Path.is_dir, print, print)
    names = own_names([*parameters(bare), *common_options()])
    found["inventory FORMAT"] = {"input format"}, frozenset(names | {"help"})
    return found


def test_host_commands_list_the_options_of_each_command() -> None:
    listed = {one.name: (set(one.kinds), one.own_options) for one in HOST_COMMANDS}
    actual = host_commands()
    assert listed.keys() == actual.keys()
    for name, (kinds, options) in actual.items():
        assert kinds == listed[name][0]
        changed = sorted(options ^ listed[name][1])
        assert not changed, f"'{name}' in ctc/plugin/host_commands.py: add or remove {changed}"


@pytest.mark.subprocess
def test_commands_work_beside_conflicting_plugin(install, ctc) -> None:
    install("park-tools", park=SHARED)
    done = ctc("predict", "--help")
    assert (done.returncode, "Which label." in done.stdout) == (0, True)
    skipped = "warning: plugin 'park' of park-tools 1.2: its {} was skipped: {}"
    remedy = ": its author must rename it"
    assert done.stderr.splitlines() == [
        skipped.format(record, reason + remedy)
        for record, reason in {
            "input format 'park'": "'--overwrite' is an option of `ctc inventory FORMAT` itself",
            "output format 'flagged'": "its option '--label' is a flag, that of the output format "
            "'camtrap-dp' a text",
            "output format 'threaded'": "'--threads' is an option of `ctc predict` itself",
        }.items()
    ]


@pytest.mark.subprocess
def test_plugins_command_lists_conflicting_record_as_broken(install, ctc) -> None:
    install("park-tools", park=SHARED)
    rows = json.loads(ctc("plugins", "--json").stdout)["broken"]
    assert [row["name"] for row in rows] == ["park", "flagged", "threaded"]
    assert rows[2]["reason"] == (
        "output format: '--threads' is an option of `ctc predict` itself: its author must rename it"
    )


@pytest.mark.subprocess
def test_conflicting_format_says_why_it_is_skipped(install, ctc) -> None:
    install("park-tools", park=SHARED)
    done = ctc("inventory", "park", "--help")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "error: plugin 'park' of park-tools 1.2: its input format 'park' was skipped: '--overwrite'"
    )
    assert ctc("inventory", "folders", "--help").returncode == 0


@pytest.mark.subprocess
def test_strict_plugins_makes_conflict_an_error(install, ctc) -> None:
    install("park-tools", park=SHARED)
    done = ctc("plugins", CTC_STRICT_PLUGINS="1")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: plugin 'park' of park-tools 1.2: its input format 'park' is broken: '--overwrite'"
    )
