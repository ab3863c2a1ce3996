"""Reasons for files that are no photos."""

from __future__ import annotations

import pytest

from ctc.errors import ImageError
from ctc.images import decode
from ctc.images.listing.file_kinds import kind_of_name


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (b"\0\0\0\x18ftypheic", "a HEIC photo: convert it to JPEG"),
        (b"\0\0\0\x18ftypavif", "an AVIF photo: convert it to JPEG"),
        (b"\0\0\0\x18ftypisom", "a video, not a photo"),
        (b"RIFF\0\0\0\0AVI LIST", "a video, not a photo"),
        (b"\0\x05\x16\x07\0\2\0\0", "a macOS companion file, not a photo"),
        (b"\0\0\0\1Bud1", "a macOS folder file (.DS_Store), not a photo"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "a Windows thumbnail file or Office file, not a photo",
        ),
        (b"\n<!DOCTYPE html><html>", "a web page, not a photo"),
        (
            b"version https://git-lfs.github.com",
            "a Git LFS pointer, not the photo: get it with `git lfs pull`",
        ),
        (b"\0" * 600, "nothing but zeros: the file was lost"),
        (b"notes", "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)"),
    ],
)
def test_decode_says_what_a_file_is_instead(start: bytes, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode(start)
    assert str(caught.value) == reason


def test_kind_of_name_ignores_case_and_files_of_the_system() -> None:
    names = ("a.MOV", "a.HEIC", "a.nef", "a.avif", "a", "Thumbs.db")
    assert list(map(kind_of_name, names)) == ["video", "HEIC", "raw", "AVIF", "other", None]
