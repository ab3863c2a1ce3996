"""A format that declares an option which every format has is refused by name; the others go on."""

from __future__ import annotations

CLASHING = """
    from pathlib import Path
    from ctc.plugin import InputFormat, Option, hookimpl

    @hookimpl
    def ctc_input_formats():
        options = (Option("overwrite", "Not ours.", "flag"),)
        return [InputFormat("park", "park tables", Path.is_file, None, None, options=options)]
"""


def test_the_format_is_refused_with_the_name_of_its_plugin(install, ctc):
    install("park-tools", park=CLASHING)
    done = ctc("inventory", "park", "--help")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: plugin 'park' of park-tools 1.2: its input format 'park' declares '--overwrite', an option that every format has"
    )


def test_the_other_formats_go_on(install, ctc):
    install("park-tools", park=CLASHING)
    assert "park" in ctc("inventory", "--help").stdout
    assert ctc("inventory", "folders", "--help").returncode == 0
