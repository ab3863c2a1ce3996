"""The options that guests bring to commands."""

from __future__ import annotations

import pytest

from ctc.cli.options.plugin import build_plugin_options
from ctc.errors import PluginError
from ctc.plugin import Option, OutputFormat

LABEL = Option("label", "The label.")


def guest(name: str, *options: Option) -> OutputFormat:
    return OutputFormat(name, "", (), lambda entries, path, context: None, options)


def test_formats_may_share_an_option() -> None:
    (option,) = build_plugin_options([guest("a", LABEL), guest("b", LABEL)], ["--output"])
    assert (option.opts, option.help, option.default) == (["--label"], "a, b: The label.", None)


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        (
            [guest("a", Option("output", "Mine."))],
            "'a' declares '--output', an option that the command has",
        ),
        (
            [guest("a", LABEL), guest("b", Option("label", "Its size.", "integer"))],
            "'a' and 'b' declare different options '--label'",
        ),
    ],
)
def test_one_name_has_one_meaning(formats, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        build_plugin_options(formats, ["--output"])
