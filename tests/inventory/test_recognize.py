"""Recognition of the format of a source, among given formats."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.errors import PluginError, UsageError
from ctc.inventory.recognize import recognize_format
from ctc.plugin import InputFormat


def make_format(name: str, recognizes: Callable[[Path], bool]) -> InputFormat:
    return InputFormat(
        name, "", recognizes, lambda source, options: iter(()), lambda source, options: source
    )


def fail(path: Path) -> bool:
    raise PluginError("plugin 'park' 1.0 failed")


FILES = make_format("files", Path.is_file)
FOLDERS = make_format("folders", Path.is_dir)
ANYTHING = make_format("anything", Path.exists)
BROKEN = make_format("broken", fail)


def test_recognize_format_returns_the_only_match(tmp_path: Path) -> None:
    assert recognize_format(tmp_path, [FILES, FOLDERS]) is FOLDERS


def test_recognize_format_lists_all_formats_without_match(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        recognize_format(tmp_path / "none", [FILES, FOLDERS])
    assert str(caught.value) == (
        f"no input format recognizes '{tmp_path / 'none'}': there are 'files', 'folders'; "
        f"name one: `ctc inventory FORMAT {tmp_path / 'none'}`"
    )


def test_recognize_format_lists_several_matches(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        recognize_format(tmp_path, [FILES, FOLDERS, ANYTHING])
    assert str(caught.value) == (
        f"several input formats recognize '{tmp_path}': 'folders', 'anything'; "
        f"name one: `ctc inventory FORMAT {tmp_path}`"
    )


def test_recognize_format_takes_a_general_one_last(tmp_path: Path) -> None:
    general = replace(ANYTHING, is_general=True)
    assert recognize_format(tmp_path, [general, FOLDERS]) is FOLDERS
    assert recognize_format(tmp_path, [general, FILES]) is general


def test_recognize_format_skips_broken_plugin_with_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert recognize_format(tmp_path, [BROKEN, FOLDERS]) is FOLDERS
    assert caplog.messages == ["plugin 'park' 1.0 failed"]
