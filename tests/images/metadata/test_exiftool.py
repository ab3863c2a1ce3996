"""Reading cameras' data with exiftool."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from reconyx_notes import hyperfire, hyperfire_2, ultrafire

from ctc.errors import UsageError
from ctc.images.metadata.exif import Exif, read_exif
from ctc.images.metadata.exiftool import ExifTool, ExifToolError, ExifToolPool, find_exiftool
from ctc.images.metadata.exiftool_tags import parse_answer

PROGRAM = find_exiftool() or ""
needs_exiftool = pytest.mark.skipif(not PROGRAM, reason="exiftool is not installed")


def write_photo(path: Path, note: bytes = b"", model: str = "", serial: str = "") -> Path:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "RECONYX", model
    details = exif.get_ifd(0x8769)
    details.update({0x927C: note} if note else {})
    details.update({0xA431: serial} if serial else {})
    file = io.BytesIO()
    Image.new("RGB", (16, 12)).save(file, "JPEG", exif=exif)
    path.write_bytes(file.getvalue())
    return path


@pytest.fixture
def tool() -> Iterator[ExifTool]:
    with closing(ExifTool(PROGRAM)) as running:
        yield running


@needs_exiftool
@pytest.mark.parametrize("note", [hyperfire(), hyperfire(label=b"N 7"), ultrafire(), hyperfire_2()])
def test_exiftool_agrees_with_built_in_reader(tmp_path: Path, tool: ExifTool, note: bytes) -> None:
    photo = write_photo(tmp_path / "a.jpg", note, "HC600")
    ours, theirs = read_exif(photo), tool.read(str(photo))
    assert theirs.data == ours.data
    assert (theirs.make, theirs.model, theirs.serial) == (ours.make, ours.model, ours.serial)


@needs_exiftool
def test_exiftool_agrees_with_built_in_reader_on_real_photos(shared: Path, tool: ExifTool) -> None:
    for name in ("blank.jpg", "american_black_bear.jpg", "ocelot.jpg"):
        photo = shared / "data" / "camera-trap-photos" / name
        ours, theirs = read_exif(photo), tool.read(str(photo))
        assert (theirs.make, theirs.model, theirs.serial) == (ours.make, ours.model, ours.serial)
        assert theirs.data == ours.data


@needs_exiftool
@pytest.mark.parametrize(
    "name", ["-j.jpg", "#1.jpg", " a.jpg", "Füchsin 🦊.jpg", "50%d $x @y 'z'.jpg", "a,b;c|.jpg"]
)
def test_exiftool_reads_odd_file_names(tmp_path: Path, tool: ExifTool, name: str) -> None:
    assert tool.read(str(write_photo(tmp_path / name, model="M", serial="S"))).serial == "S"


@needs_exiftool
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["a\nb.jpg", "a\\b.jpg", "end ", 'a\n"\\n.jpg', "a\r.jpg"])
def test_exiftool_reads_names_that_only_unix_has(tmp_path: Path, tool: ExifTool, name: str) -> None:
    assert tool.read(str(write_photo(tmp_path / name, model="M", serial="S"))).serial == "S"


@needs_exiftool
def test_exiftool_gives_nothing_for_what_is_no_photo(tmp_path: Path, tool: ExifTool) -> None:
    (tmp_path / "text.jpg").write_text("no photo")
    (tmp_path / "empty.jpg").touch()
    for name in ("gone.jpg", "text.jpg", "empty.jpg"):
        assert tool.read(str(tmp_path / name)) == Exif()
    assert tool.read(str(write_photo(tmp_path / "a.jpg", model="M"))).model == "M"


@needs_exiftool
def test_exiftool_that_was_killed_is_told(tmp_path: Path, tool: ExifTool) -> None:
    photo = str(write_photo(tmp_path / "a.jpg"))
    tool.read(photo)
    tool._process.kill()
    with pytest.raises(ExifToolError, match=r"exiftool ended at '.*a\.jpg' with exit code -9"):
        tool.read(photo)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_exiftool_that_does_not_start_is_told_with_its_reason(tmp_path: Path) -> None:
    broken = tmp_path / "exiftool"
    broken.write_text('#!/bin/sh\necho "Can\'t locate Image/ExifTool.pm" >&2\nexit 2\n')
    with pytest.raises(UsageError, match="can't be started: Permission denied"):
        ExifTool(str(broken))
    broken.chmod(0o755)
    with (
        ExifToolPool(str(broken), 2) as pool,
        pytest.raises(ExifToolError, match=r"exit code 2: Can't locate Image/ExifTool\.pm"),
    ):
        list(pool.read_all(["a.jpg"]))


@needs_exiftool
def test_exiftool_pool_answers_in_order(tmp_path: Path) -> None:
    photos = [write_photo(tmp_path / f"{i}.jpg", serial=f"S{i}") for i in range(70)]
    with ExifToolPool(PROGRAM, 3) as pool:
        assert [exif.serial for exif in pool.read_all(photos)] == [f"S{i}" for i in range(70)]
        assert pool.read == 70


@pytest.mark.parametrize("serial", ["0012", "12e5", "1.50", "123456789012345678901"])
def test_parse_answer_keeps_serial_numbers_as_they_are(serial: str) -> None:
    plain = f'[{{"ExifIFD:SerialNumber": {serial.lstrip("0")}}}]'
    quoted = json.dumps([{"ExifIFD:SerialNumber": serial}])
    assert parse_answer(plain.encode()).serial == serial.lstrip("0")
    assert parse_answer(quoted.encode()).serial == serial


@pytest.mark.parametrize("answer", [b"", b"\n", b"[]", b"Warning", b"[1]", b'{"a": 1}', b"\xff"])
def test_parse_answer_bears_what_is_no_answer(answer: bytes) -> None:
    assert parse_answer(answer).read_from is None


def test_parse_answer_takes_millivolts_and_knows_impossible_temperatures() -> None:
    answer = [{"Reconyx:BatteryVoltage": 7814, "Reconyx:AmbientTemperature": 65513}]
    data = parse_answer(json.dumps(answer).encode()).data
    assert (data.battery, data.temperature) == (7.814, None)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_close_leaves_no_pipe_open_of_a_process_that_has_ended(tmp_path: Path) -> None:
    broken = tmp_path / "exiftool"
    broken.write_text("#!/bin/sh\nexit 2\n")
    broken.chmod(0o755)
    tool = ExifTool(str(broken))
    tool._process.wait()  # so that the question stays in the pipe's buffer
    with pytest.raises(ExifToolError):
        tool.read("a.jpg")
    tool.close()
    assert [pipe.closed for pipe in (tool._process.stdin, tool._process.stdout)] == [True, True]
