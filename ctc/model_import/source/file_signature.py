"""Recognition of the format of a network by the first bytes of its file, whatever its name."""

from __future__ import annotations

from typing import Literal

Signature = Literal[
    "zip", "hdf5", "pickle", "tflite", "safetensors", "git-lfs", "html", "gzip", "empty", "unknown"
]

HEADER_BYTES = 512

DESCRIBED: dict[Signature, str] = {
    "zip": "a zip file of Keras",
    "hdf5": "an HDF5 file",
    "pickle": "a Python pickle, as PyTorch writes them, which could run any code and is not opened",
    "tflite": "a TensorFlow Lite file",
    "safetensors": "a safetensors file: weights without the network",
    "git-lfs": "a Git LFS pointer, not the file itself: fetch it with `git lfs pull`",
    "html": "a web page: the address was not that of the file itself",
    "gzip": "a gzip file: unpack it first",
    "empty": "an empty file",
    "unknown": "not an ONNX file, or a damaged one",
}


def recognize_signature(header: bytes) -> Signature:
    """Return the format whose files begin with `header`; "unknown" for ONNX, which has no mark.

    Zip: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT; HDF5's superblock; pickle's
    PROTO opcode; TensorFlow Lite's file identifier at byte 4; safetensors' header of 8 bytes length
    and JSON; https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
    """
    text = header.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not header:
        return "empty"
    if header.startswith(b"PK\x03\x04"):
        return "zip"
    if header.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if header[:1] == b"\x80" and header[1:2] <= b"\x05":
        return "pickle"
    if header[4:8] == b"TFL3":
        return "tflite"
    if header[8:10] in (b'{"', b"{ ") and int.from_bytes(header[:8], "little") < 1 << 32:
        return "safetensors"
    if header.startswith(b"version https://git-lfs"):
        return "git-lfs"
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "html"
    return "gzip" if header.startswith(b"\x1f\x8b") else "unknown"
