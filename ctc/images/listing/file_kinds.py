"""What a file is that is not a photo: by its first bytes, or by its name."""

from __future__ import annotations

import os

from ctc.errors import ImageError

NOT_AN_IMAGE = "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)"
VIDEO = "a video, not a photo"
HEADER_BYTES = 512
_CONVERT = "convert it to JPEG"
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "raw (CR3)",
}
"""ISO base media brands of photos; others are videos."""
_STARTS = (
    (b"\x00\x05\x16\x07", "a macOS companion file, not a photo"),
    (b"\x00\x05\x16\x00", "a macOS companion file, not a photo"),
    (b"\x00\x00\x00\x01Bud1", "a macOS folder file (.DS_Store), not a photo"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Windows thumbnail file or Office file, not a photo"),
    (b"FUJIFILMCCD-RAW", f"a raw photo: {_CONVERT}"),
    (b"IIRO", f"a raw photo: {_CONVERT}"),
    (b"IIU\0", f"a raw photo: {_CONVERT}"),
    (b"\0\0\0\x0cJXL ", f"a JPEG XL photo: {_CONVERT}"),
    (b"\xff\x0a", f"a JPEG XL photo: {_CONVERT}"),
    (b"\0\0\0\x0cjP  ", f"a JPEG 2000 photo: {_CONVERT}"),
    (b"\x1a\x45\xdf\xa3", VIDEO),
    (b"version https://git-lfs", "a Git LFS pointer, not the photo: get it with `git lfs pull`"),
    (b"%PDF", "a PDF, not a photo"),
    (b"PK\x03\x04", "a zip file, not a photo"),
    (b"\x1f\x8b", "a gzip file, not a photo"),
)
_VIDEOS = (".mp4", ".avi", ".mov", ".m4v", ".mkv", ".mpg", ".mpeg", ".wmv", ".3gp", ".mts", ".asf")
_RAWS = (".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef")
_KINDS = {
    **dict.fromkeys(_VIDEOS, "video"),
    **dict.fromkeys(_RAWS, "raw"),
    **dict.fromkeys((".heic", ".heif"), "HEIC"),
    ".avif": "AVIF",
}
_UNMENTIONED = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})


def unknown_image(data: bytes) -> ImageError:
    """Return the error for a file that is not an image of a known kind, with what it is."""
    return ImageError(describe_content(data[:HEADER_BYTES]) or NOT_AN_IMAGE)


def kind_of_name(name: str) -> str | None:
    """Return what a file is that is no photo by its name: `video`, `HEIC`, `AVIF`, `raw`, `other`.

    None for the files of an operating system, which nobody misses.
    """
    if name.lower() in _UNMENTIONED:
        return None
    return _KINDS.get(os.path.splitext(name)[1].lower(), "other")


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "AVIF" else f"a {kind}"


def describe_content(start: bytes) -> str | None:
    """Return what a file is that is no photo of a known kind, by its first bytes; None: unknown."""
    if start[4:8] == b"ftyp":
        found = _BRANDS.get(start[8:12])
        return f"{_article(found)} photo: {_CONVERT}" if found else VIDEO
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return VIDEO
    if start and not start.strip(b"\0"):
        return "nothing but zeros: the file was lost"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower().startswith((b"<!doctype", b"<html")):
        return "a web page, not a photo"
    return next((reason for mark, reason in _STARTS if start.startswith(mark)), None)


def decoder_message(error: Exception) -> str:
    """Return the message of a decoder as the end of a sentence, on one line."""
    text = " ".join(str(error).split())
    return text[:1].lower() + text[1:] if text else type(error).__name__
