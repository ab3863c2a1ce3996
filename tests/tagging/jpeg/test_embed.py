"""Keywords in JPEGs: read back by exiftool, with the pixels and all else as they were."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from tagged_photos import exiftool, exiftool_all, jpeg

from ctc.errors import InputError
from ctc.images import decode
from ctc.tagging.jpeg.embed import embed_keywords
from ctc.tagging.jpeg.iptc import DataSet, read_iptc, with_keywords
from ctc.tagging.jpeg.segments import APP1, APP2, APP13, PHOTOSHOP, XMP, JpegFile, read_segments
from ctc.tagging.keywords import Keywords

FOX = Keywords((("Species", "fox"), ("Taxonomy", "Animalia", "Vulpes vulpes")))
DEER = Keywords((("Species", "Reh 🦌"),))


def embedded(data: bytes, *keywords: Keywords) -> bytes:
    for one in keywords:
        done = embed_keywords(data, one)
        assert done is not None
        data = done
    return data


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    file = read_segments(data)
    assert file is not None
    return file.replaced(marker, body, [body]).to_bytes()


def test_embed_keywords_as_exiftool_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(embedded(jpeg(), FOX))
    found = exiftool(path)
    assert found["HierarchicalSubject"] == ["Species|fox", "Taxonomy|Animalia|Vulpes vulpes"]
    assert found["Subject"] == found["Keywords"] == ["fox", "Vulpes vulpes"]
    assert found["TagsList"] == ["Species/fox", "Taxonomy/Animalia/Vulpes vulpes"]
    assert found["IPTCDigest"] == found["CurrentIPTCDigest"]
    assert found["DateTimeOriginal"] == "2024:05:01 06:00:00"
    assert "Warning" not in found


def test_embed_keywords_replaces_those_of_an_earlier_run(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(embedded(jpeg(), FOX, DEER))
    found = exiftool(path)
    assert found["Subject"] == found["Keywords"] == "Reh 🦌"
    assert found["HierarchicalSubject"] == "Species|Reh 🦌"


def test_embed_keywords_keeps_pixels_byte_for_byte() -> None:
    data = jpeg()
    file, done = read_segments(data), read_segments(embedded(data, FOX))
    assert file is not None
    assert done is not None
    assert done.rest == file.rest
    assert set(file.segments) < set(done.segments)
    assert np.array_equal(decode(embedded(data, FOX)), decode(data))


def test_embed_keywords_twice_changes_nothing() -> None:
    assert embedded(jpeg(), FOX, FOX) == embedded(jpeg(), FOX)


def test_embed_no_keywords_changes_nothing() -> None:
    assert embedded(jpeg(), Keywords()) == jpeg()


def test_embed_keywords_keeps_what_exiftool_wrote(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    exiftool(path)  # skips without it
    _run_exiftool(path, "-Keywords=Alps", "-Subject=Alps", "-By-line=Zoë", "-XMP:Rating=4")
    path.write_bytes(embedded(path.read_bytes(), FOX))
    found = exiftool(path)
    assert found["Keywords"] == found["Subject"] == ["Alps", "fox", "Vulpes vulpes"]
    assert (found["By-line"], found["Rating"]) == ("Zoë", 4)


def test_embed_keywords_makes_old_iptc_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    exiftool(path)
    _run_exiftool(path, "-charset", "iptc=Latin", "-codedcharacterset=", "-By-line=Zoë")
    path.write_bytes(embedded(path.read_bytes(), FOX))
    assert exiftool(path)["By-line"] == "Zoë"


def _run_exiftool(path: Path, *options: str) -> None:
    subprocess.run(["exiftool", "-q", "-overwrite_original", *options, str(path)], check=True)


def test_embed_keywords_cuts_iptc_at_64_bytes_between_characters() -> None:
    long = "ü" * 32 + "é"
    found = with_keywords([], [], [long, "x" + "ü" * 40])
    assert [one.value.decode() for one in found[2:]] == ["ü" * 32, "x" + "ü" * 31]


def test_iptc_of_a_record_that_is_cut_off() -> None:
    assert read_iptc(b"\x1c\x02\x19\x00\x09fox") is None
    assert read_iptc(b"\x1c\x02\x19\x00\x03fox\0") == [DataSet((2, 25), b"fox")]


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG",
        jpeg()[:300],
        with_segment(jpeg(), APP2, b"MPF\0II*\0"),
        with_segment(jpeg(), APP13, PHOTOSHOP + b"8BIM\x04\x04\0\0\0\0\xff\xff"),
        with_segment(jpeg(), 0xED, PHOTOSHOP + b"what"),
    ],
    ids=["png", "cut off", "several photos", "resource cut off", "no resource"],
)
def test_embed_keywords_into_what_can_not_hold_them(data: bytes) -> None:
    assert embed_keywords(data, FOX) is None


def test_embed_keywords_into_full_xmp() -> None:
    many = Keywords(tuple(("Species", f"class {number}") for number in range(2_000)))
    assert embed_keywords(jpeg(), many) is None


def test_embed_keywords_into_broken_xmp() -> None:
    with pytest.raises(InputError, match="can't be read as XML"):
        embed_keywords(with_segment(jpeg(), APP1, XMP + b"<x"), FOX)


def test_read_segments_gives_the_file_again() -> None:
    file = read_segments(jpeg())
    assert isinstance(file, JpegFile)
    assert file.to_bytes() == jpeg()


def test_embed_keywords_into_real_photos(shared: Path, tmp_path: Path) -> None:
    photos = sorted((shared / "data" / "camera-trap-photos").glob("*.jpg"))
    for photo in photos:
        (tmp_path / photo.name).write_bytes(embedded(photo.read_bytes(), FOX))
    found = exiftool_all(tmp_path, "-HierarchicalSubject")
    assert len(found) == len(photos) > 10
    assert all(one["HierarchicalSubject"] == list(FOX.joined("|")) for one in found)
