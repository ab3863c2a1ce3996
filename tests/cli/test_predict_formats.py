"""The options of output formats that guests bring to `ctc predict`."""

from __future__ import annotations

import pytest

from ctc.cli.predict_formats import options_of_formats
from ctc.errors import PluginError
from ctc.plugin import Option, OutputFormat

LABEL = Option("label", "The label.")


def guest(name: str, *options: Option) -> OutputFormat:
    return OutputFormat(name, "", (), lambda entries, path, context: None, options)


def test_formats_may_share_an_option() -> None:
    (option,) = options_of_formats([guest("a", LABEL), guest("b", LABEL)], ["--output"])
    assert (option.opts, option.help, option.default) == (["--label"], "a, b: The label.", None)


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        ([guest("a", Option("output", "Mine."))], "'a' declares '--output', an option that `ctc predict` has"),
        (
            [guest("a", LABEL), guest("b", Option("label", "Its size.", "integer"))],
            "'a' and 'b' declare different options '--label'",
        ),
    ],
)
def test_one_name_has_one_meaning(formats, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        options_of_formats(formats, ["--output"])
