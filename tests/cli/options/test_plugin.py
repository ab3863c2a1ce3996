"""Options of plugins on commands."""

from __future__ import annotations

from typing import Any

import click
import pytest

from ctc.cli.options.plugin import (
    AGGREGATIONS,
    FORMATS,
    build_plugin_options,
    command_with,
    to_click_option,
)
from ctc.cli.settings.context import with_config_layers
from ctc.plugin import Option, OutputFormat
from ctc.plugin.option_values import explicit_options

LABEL = Option("label", "The label.")


def output_format(name: str, *options: Option) -> OutputFormat:
    return OutputFormat(name, "", (), lambda entries, path, context: None, options)


def help_of(option: click.Option) -> str:
    record = option.get_help_record(click.Context(click.Command("x")))
    assert record is not None
    return record[1]


def test_build_plugin_options_merges_equal_options() -> None:
    (option,) = build_plugin_options([output_format("a", LABEL), output_format("b", LABEL)])
    assert (option.opts, option.help, option.default) == (["--label"], "a, b: The label.", None)


def test_build_plugin_options_shows_each_help_and_default_of_one_name() -> None:
    sized, named = Option("side", "Its size.", default="9"), Option("side", "A name.", default="b")
    (option,) = build_plugin_options(
        [output_format("a", sized), output_format("b", named), output_format("c", sized)]
    )
    assert help_of(option) == "a, c: Its size. [default: 9] b: A name. [default: b]"


def test_build_plugin_options_leaves_choices_that_differ_to_the_records() -> None:
    one, two = (Option("color", "Its.", choices=choices) for choices in (("red",), ("blue",)))
    (shared,) = build_plugin_options([output_format("a", one), output_format("b", two)])
    (alone,) = build_plugin_options([output_format("a", one)])
    assert shared.type is click.STRING
    assert isinstance(alone.type, click.Choice)


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        (Option("a", "Its.", choices=("red", "blue")), "[red|blue]"),
        (Option("a", "Its.", "integer", minimum=1, maximum=9), "1<=N<=9"),
        (Option("a", "Its.", "number", minimum=0.5), "N>=0.5"),
    ],
)
def test_help_shows_choices_and_bounds(option: Option, shown: str) -> None:
    record = to_click_option(option).get_help_record(click.Context(click.Command("x")))
    assert shown in " ".join(record or ())


@pytest.fixture
def given() -> dict[str, Any]:
    """What a command gets of the options of plugins, filled by `run_command`."""
    return {}


@pytest.fixture
def run_command(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """Run a command with the options of output formats and aggregations."""
    kind = command_with(FORMATS, AGGREGATIONS)
    command = with_config_layers(kind("predict", callback=lambda **options: given.update(options)))
    parent = click.Context(click.Group("ctc"))

    def run(*arguments: str) -> None:
        command.main(list(arguments), prog_name="predict", parent=parent, standalone_mode=False)

    return run


def test_command_gets_options_by_kind(run_command, given) -> None:
    run_command("--label", "count")
    assert given == {"format_options": {"label": "count"}, "aggregation_options": {}}


def test_explicit_options_are_those_of_the_command_line(run_command, given, monkeypatch) -> None:
    monkeypatch.setenv("CTC_PREDICT_LABEL", "count")
    run_command("--time-zone", "+01:00")
    assert given["format_options"] == {"label": "count", "time_zone": "+01:00"}
    assert explicit_options(given["format_options"]) == {"time_zone": "+01:00"}
