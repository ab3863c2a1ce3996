from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pytest
from drawn_clips import write_clip

from ctc.errors import ImageError
from ctc.images import read_photo
from ctc.images.clips.container import read_container
from ctc.images.metadata.exif import parse_exif, read_exif

CREATED = {"creation_time": "2025-05-04T06:07:08Z"}


def avi(chunk: bytes) -> io.BytesIO:
    body = b"AVI LIST" + (len(chunk) + 4).to_bytes(4, "little") + b"hdrl" + chunk
    return io.BytesIO(b"RIFF" + len(body).to_bytes(4, "little") + body)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_read_exif_adds_the_time_of_a_frame_to_that_of_its_clip(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, 20, metadata=CREATED)
    assert read_exif(f"{clip}#t=1.5").taken == datetime(2025, 5, 4, 6, 7, 9, 500_000)


def test_parse_exif_finds_the_time_in_the_bytes_of_a_frame(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 20, metadata=CREATED)
    found = parse_exif(read_photo(f"{clip}#t=1.5"))
    assert found.taken == datetime(2025, 5, 4, 6, 7, 9, 500_000)


def test_read_exif_knows_no_time_of_a_clip_that_tells_none(tmp_path: Path) -> None:
    assert read_exif(f"{write_clip(tmp_path / 'a.mp4', 5)}#t=0").taken is None


def test_read_exif_returns_why_a_clip_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"text")
    assert read_exif(f"{tmp_path / 'a.mp4'}#t=0").error.startswith("not a video")


@pytest.mark.parametrize(
    "text", [b"Sun May 04 06:07:08 2025\n\0", b"2025-05-04 06:07:08\0", b"2025:05:04 06:07:08\0"]
)
def test_read_container_reads_the_time_of_an_avi(text: bytes) -> None:
    file = avi(b"IDIT" + len(text).to_bytes(4, "little") + text)
    assert read_container(file).created == datetime(2025, 5, 4, 6, 7, 8)


def test_read_container_ignores_the_time_of_a_clock_that_was_not_set() -> None:
    file = avi(b"IDIT" + (20).to_bytes(4, "little") + b"1970-01-01 00:00:00\0")
    assert read_container(file).created is None


@pytest.mark.parametrize(
    ("name", "codec", "container", "kind"),
    [
        ("a.bin", "mjpeg", "avi", "avi"),
        ("b.bin", "libx264", "mpegts", "mts"),
        ("c.bin", "libx264", "mov", "mp4"),
    ],
)
def test_read_container_knows_kinds_by_content(
    tmp_path: Path, name: str, codec: str, container: str, kind: str
) -> None:
    clip = write_clip(tmp_path / name, 3, codec=codec, container=container, options={})
    with clip.open("rb") as file:
        found = read_container(file)
    assert (found.kind, found.cut) == (kind, "")


def test_read_container_tells_that_mts_ends_within_a_packet(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mts", 10, container="mpegts")
    whole = clip.read_bytes()
    assert read_container(io.BytesIO(whole)).cut == ""
    assert read_container(io.BytesIO(whole[:-100])).cut == "it ends within a packet"


def test_read_container_refuses_a_file_of_very_many_parts() -> None:
    part = (8).to_bytes(4, "big") + b"free"
    with pytest.raises(ImageError, match="more than 100,000 parts"):
        read_container(io.BytesIO(part * 100_001))
