from __future__ import annotations

from pathlib import Path

import pytest

from ctc.artifacts.csvfile import read_rows
from ctc.errors import InputError


def read(path: Path, content: bytes) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    path.write_bytes(content)
    header, rows = read_rows(path)
    return header, list(rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_and_a_byte_order_mark_skipped(tmp_path: Path, delimiter: str) -> None:
    content = f"\ufeffid{delimiter}image{delimiter}a note\r\n1{delimiter}ü.jpg{delimiter}x\r\n\r\n".encode()
    assert read(tmp_path / "a.csv", content) == (
        ["id", "image", "a note"],
        [(2, {"id": "1", "image": "ü.jpg", "a note": "x"})],
    )


def test_quoted_cells_may_hold_anything_and_short_rows_are_filled_up(tmp_path: Path) -> None:
    _, rows = read(tmp_path / "a.csv", b'id,"a,b",note\n1,"say ""hi""\nthere"\n')
    assert rows == [(3, {"id": "1", "a,b": 'say "hi"\nthere', "note": ""})]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no header"),
        (b"id,image,id\n", "two columns called 'id'"),
        (b"id\n1,2\n", "line 2 has 2 cells, its header 1"),
        ("id\nü\n".encode("utf-16"), "is not UTF-8 text"),
        (b'id\n"1\n', "is not a CSV file near line 2"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read(tmp_path / "a.csv", content)
