"""An input format with an option that every format has is an error; other formats still work."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.subprocess

CONFLICTING = """
    from pathlib import Path
    from ctc.plugin import InputFormat, Option, hookimpl

    @hookimpl
    def ctc_input_formats():
        options = (Option("overwrite", "Not ours.", "flag"),)
        return [InputFormat("park", "park tables", Path.is_file, None, None, options=options)]
"""


def test_conflicting_option_is_an_error_naming_plugin(install, ctc):
    install("park-tools", park=CONFLICTING)
    done = ctc("inventory", "park", "--help")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: plugin 'park' of park-tools 1.2: its input format 'park' declares '--overwrite', "
        "an option that every format has"
    )


def test_conflicting_option_leaves_other_formats_working(install, ctc):
    install("park-tools", park=CONFLICTING)
    assert "park" in ctc("inventory", "--help").stdout
    assert ctc("inventory", "folders", "--help").returncode == 0
