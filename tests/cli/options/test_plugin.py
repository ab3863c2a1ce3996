"""Options of plugins on commands."""

from __future__ import annotations

import pytest

from ctc.cli.options.plugin import build_plugin_options
from ctc.errors import PluginError
from ctc.plugin import Option, OutputFormat

LABEL = Option("label", "The label.")


def output_format(name: str, *options: Option) -> OutputFormat:
    return OutputFormat(name, "", (), lambda entries, path, context: None, options)


def test_build_plugin_options_merges_equal_options() -> None:
    (option,) = build_plugin_options(
        [output_format("a", LABEL), output_format("b", LABEL)], ["--output"]
    )
    assert (option.opts, option.help, option.default) == (["--label"], "a, b: The label.", None)


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        (
            [output_format("a", Option("output", "Mine."))],
            "'a' declares '--output', an option that the command has",
        ),
        (
            [
                output_format("a", LABEL),
                output_format("b", Option("label", "Its size.", "integer")),
            ],
            "'a' and 'b' declare different options '--label'",
        ),
    ],
)
def test_build_plugin_options_rejects_name_with_two_meanings(formats, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        build_plugin_options(formats, ["--output"])
