"""CSV files as spreadsheets and scripts write them: encodings, delimiters, damage."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ctc.errors import CtcError, InputError
from ctc.storage.csv_reader import MAX_CELL_CHARS, open_table, read_rows

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def rows_of(path: Path, content: bytes) -> list[tuple[int, list[str]]]:
    return list(open_table(written(path, content)).rows())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_open_table_detects_encoding_delimiter_and_line_ending(
    tmp_path: Path, delimiter: str, encoding: str, end: str
) -> None:
    lines = [["id", "image", "a note"], ["1", "Füchse/ü.jpg", "é à ß"], ["2", "b.jpg", ""]]
    text = end.join(delimiter.join(cells) for cells in lines) + end
    table = open_table(written(tmp_path / "a.csv", text.encode(encoding)))
    assert table.columns == {"id": 0, "image": 1, "a note": 2}
    assert list(table.rows()) == [(2, lines[1]), (3, lines[2])]


def test_open_table_reads_big_endian_utf16(tmp_path: Path) -> None:
    content = b"\xfe\xff" + "id,image\n1,狐.jpg\n".encode("utf-16-be")
    assert rows_of(tmp_path / "a.csv", content) == [(2, ["1", "狐.jpg"])]


def test_rows_allows_mixed_line_endings_and_blank_lines(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "a.csv", b"\n\r\nid,image\r\n\r1,a\r,,\n2,b\n\n3,c") == [
        (5, ["1", "a"]),
        (7, ["2", "b"]),
        (9, ["3", "c"]),
    ]


def test_rows_gives_first_line_of_row(tmp_path: Path) -> None:
    assert rows_of(
        tmp_path / "a.csv", b'id,"a,b",note\r\n1,"say ""hi""\r\nthere"\r\n2,x,y\r\n'
    ) == [
        (2, ["1", 'say "hi"\r\nthere', ""]),
        (4, ["2", "x", "y"]),
    ]


def test_open_table_allows_columns_without_name(tmp_path: Path) -> None:
    table = open_table(written(tmp_path / "a.csv", b",id,image,\n7,1,a.jpg,,,\n8,2\n"))
    assert table.columns == {"id": 1, "image": 2}
    assert list(table.rows()) == [(2, ["7", "1", "a.jpg", ""]), (3, ["8", "2", "", ""])]


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b'id;"photo, first, second, third";image\n1;x;y\n', ";"),
        (b"id;site (x, y, z);image\n1;4;a.jpg\n", ";"),
        (b"id\tnote, or remark, or none\n1\ta; b\n", "\t"),
        (b'id,image\n1,"a;b"\n2,"c;d"\n', ","),
        (b'"id;a;b","image"\n1,2\n', ","),
        (b'id;image\n1;"a,\nb,c"\n', ";"),
        (b"id\n1\n2\n", ","),
    ],
)
def test_open_table_picks_delimiter_that_fits_rows(
    tmp_path: Path, content: bytes, delimiter: str
) -> None:
    assert open_table(written(tmp_path / "a.csv", content)).delimiter == delimiter


def test_read_rows_yields_dicts(tmp_path: Path) -> None:
    header, rows = read_rows(written(tmp_path / "a.csv", b"id,,image\n1,x,a.jpg\n2\n"))
    assert header == ["id", "image"]
    assert list(rows) == [(2, {"id": "1", "image": "a.jpg"}), (3, {"id": "2", "image": ""})]


def test_rows_can_be_read_twice(tmp_path: Path) -> None:
    table = open_table(written(tmp_path / "a.csv", b"id,image\n1,a\n"))
    assert list(table.rows()) == list(table.rows()) == [(2, ["1", "a"])]


def test_rows_allows_large_cells(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "a.csv", b"id,note\n1," + b"x" * 1_000_000 + b"\n") == [
        (2, ["1", "x" * 1_000_000])
    ]


def test_rows_reports_damaged_byte_in_utf8(
    tmp_path: Path,
) -> None:
    content = "id,image\n" + "1,Füchse/ü.jpg\n" * 100_000
    with pytest.raises(
        InputError, match="line 100002 is not valid UTF-8: save the file as 'CSV UTF-8'"
    ):
        rows_of(tmp_path / "a.csv", content.encode() + b"2,F\xfcchse\n")


def test_rows_reads_cp1252_byte_after_much_ascii(tmp_path: Path) -> None:
    content = b"id,image\n" + b"1,a.jpg\n" * 200_000 + b"2,F\xfcchse\n"
    assert rows_of(tmp_path / "a.csv", content)[-1] == (200_002, ["2", "Füchse"])


def test_rows_reads_cp1252_that_resembles_utf8(tmp_path: Path) -> None:
    content = "id,note\n1,«CAFÉ”\n2,élan à Nîmes\n"
    assert rows_of(tmp_path / "a.csv", content.encode("cp1252"))[0] == (2, ["1", "«CAFÉ”"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no header"),
        (b"\xef\xbb\xbf\r\n,,\r\n", "has no header"),
        (b"id,image,id\n", "two columns called 'id'"),
        (b"id,image\n1,2\n1,2,3\n", "line 3 has 3 cells, the header has 2"),
        (b'id,image\n1,"a\nb",c\n', "line 2 has 3 cells, the header has 2"),
        (
            b'id,image\n1,a\n2,"b\n3,c\n4,d\n',
            "line 3 on: unexpected end of data; is there an unclosed quote",
        ),
        (b'id,image\n1,"a"b\n', "line 2 on: ',' expected after '\"'"),
        (b'id,image\n1,"' + b"x\n" * MAX_CELL_CHARS, "line 2 on: field larger than field limit"),
        (b'"id' + b"x" * (MAX_CELL_CHARS + 1), "line 1 on: field larger than field limit"),
        (b"id,image\n1,a\n2,b\0\n", "line 3 has a NUL byte"),
        (b"id,image\n1,\x81\n", "line 2 is not valid CP1252"),
        (b"\xef\xbb\xbfid,image\n1,\xfc\n", "line 2 is not valid UTF-8"),
        (
            "id,image\n1,ü\n".encode("utf-16-le") + b"\x00\xd8\n\0",
            "line 3 is not valid UTF-16-LE",
        ),
        (
            "id,image\n1,ü\n".encode("utf-16") + b"x",
            "ends in the middle of a character: it is truncated",
        ),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(14, 100)),
            "line 1 has a NUL byte: the file is damaged or not text",
        ),
    ],
)
def test_rows_invalid_table_is_an_error_with_line(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(InputError, match=rf"'.*a\.csv'.* {reason}"):
        rows_of(tmp_path / "a.csv", content)


def test_open_table_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't be read: is a directory|permission denied"):
        open_table(tmp_path)


fuzz = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NAMES = st.lists(st.text("abcdeäöé狐🦊,;\t\n\" '", min_size=1), min_size=2, max_size=5, unique=True)
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
# for encodings that must be guessed: without 'Â°', which as cp1252 is sound UTF-8, or 'Ā', which as
# UTF-16 begins with NUL
PLAIN_CELLS = st.text(
    st.characters(max_codepoint=0x7F, exclude_characters="\0") | st.sampled_from("ÀÉäöüßéñÿ")
)


@fuzz
@given(
    st.data(),
    NAMES,
    st.sampled_from(ENCODINGS),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r", "\r\n"]),
)
def test_rows_reads_back_what_csv_wrote(
    tmp_path: Path, data: st.DataObject, header: list[str], encoding: str, delimiter: str, end: str
) -> None:
    if encoding == "cp1252":
        header = [f"{i}é" for i in range(len(header))]
    cells = PLAIN_CELLS if encoding in ("cp1252", "utf-16-le", "utf-16-be") else CELLS
    rows = data.draw(
        st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), max_size=5)
    )
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [header, *rows]
    )
    table = open_table(written(tmp_path / "a.csv", file.getvalue().encode(encoding)))
    assert list(table.columns) == header
    assert [cells for _, cells in table.rows()] == [cells for cells in rows if any(cells)]


@fuzz
@given(st.binary(max_size=200) | st.text('ab",;\t\r\n\0é', max_size=60).map(str.encode))
@example(b"\xff\xfe\x00\xd8")
@example(b"a\0,\0b\0\n\0\x00\xd8\x00")
def test_open_table_arbitrary_bytes_raise_only_ctc_error(tmp_path: Path, content: bytes) -> None:
    try:
        rows = rows_of(tmp_path / "a.csv", content)
    except CtcError:
        return
    assert all(cell.encode() is not None for _, cells in rows for cell in cells)
