from __future__ import annotations

from pathlib import Path

import pytest

from ctc.storage.file_names import FolderNames, flat_name, safe_name, with_number


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/b:c", "a_b_c"),
        ("..", "_"),
        ("con.x", "_con.x"),
        (".hidden", "_.hidden"),
        ("🦊, red ", "🦊, red"),
        ("x" * 300, "x" * 200),
    ],
)
def test_safe_name_is_valid_on_every_system(text, name) -> None:
    assert safe_name(text) == name


def test_flat_name_is_the_path_below_the_root() -> None:
    assert flat_name("/photos/north/1.jpg", Path("/photos")) == "north__1.jpg"
    assert flat_name("/photos/north/1.jpg", Path("/elsewhere")) == "photos__north__1.jpg"


def test_with_number_stands_before_the_suffix() -> None:
    assert [with_number("a.jpg", number) for number in (1, 2)] == ["a.jpg", "a-2.jpg"]


def test_folder_names_differ_also_without_case() -> None:
    names = FolderNames(["fox", "Fox"], ["_failed.csv"])
    wanted = ("Fox", "fox", "FOX", "_failed.csv")
    assert [names.folder(name) for name in wanted] == ["Fox-2", "fox", "FOX-3", "_failed.csv-2"]
