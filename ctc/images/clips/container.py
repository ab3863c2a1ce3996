"""What the container of a clip says without being decoded: its kind, its time, whether it is whole.

Formats: ISO/IEC 14496-12 (MP4; QuickTime is alike), Microsoft's RIFF (AVI), ISO/IEC 13818-1 (MTS).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO, Literal

from ctc.errors import ImageError
from ctc.images.clips.frame_times import Times, read_frame_times
from ctc.images.listing.file_kinds import HEADER_BYTES, VIDEO, describe_content

Kind = Literal["mp4", "avi", "mts"]
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
LEAST_FRAME_BYTES = 16
_MAX_BOXES = 100_000
_MP4_EPOCH = datetime(1904, 1, 1)
_FIRST_YEAR = 1990
_PACKET, _STAMPED_PACKET, _SYNC = 188, 192, 0x47
_AVI_HEADER_BYTES = 1 << 16
_AVI_TIME = re.compile(rb"(?:IDIT|ICRD)(?P<size>.{4})", re.DOTALL)
_AVI_FORMATS = ("%a %b %d %H:%M:%S %Y", "%Y-%m-%d %H:%M:%S", "%Y:%m:%d %H:%M:%S")
_NOT_A_VIDEO = "not a video of a known kind (mp4, mov, avi, mts)"
_PHOTOS = (b"\xff\xd8", b"\x89PNG", b"BM", b"II*\0", b"MM\0*", b"GIF8")


@dataclass(frozen=True)
class Container:
    """`kind`: by content, whatever the suffix. `created`: by the camera's clock, None if not known.

    `cut`: why the file can't be whole; '' if nothing shows that. `times`: of all frames, where the
    container has an index of them; see `read_frame_times`.
    """

    kind: Kind
    created: datetime | None
    cut: str = ""
    times: Times | None = field(default=None, repr=False, compare=False)


def read_container(file: BinaryIO) -> Container:
    """Return what the container says; raises ImageError for a file that is not a video."""
    start = file.read(HEADER_BYTES)
    if not start:
        raise ImageError("empty file")
    kind = _kind(start)
    if kind == "mp4":
        return _read_mp4(file)
    if kind == "avi":
        return _read_avi(file)
    if kind == "mts":
        return _read_mts(file, start)
    raise ImageError(_describe_other(start))


def is_video(data: bytes) -> bool:
    """Return whether the beginning of a file is that of a video of a known kind."""
    return _kind(data[:HEADER_BYTES]) is not None


def _kind(start: bytes) -> Kind | None:
    if start[4:8] in _BOXES and describe_content(start) in (VIDEO, None):
        return "mp4"
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return "avi"
    return "mts" if _packet_size(start) else None


def _packet_size(start: bytes) -> int | None:
    """Return the bytes of a packet of MTS, None for another kind of file."""
    for packet, at in ((_PACKET, 0), (_STAMPED_PACKET, 4)):
        if len(start) > at + packet and start[at] == start[at + packet] == _SYNC:
            return packet
    return None


def _describe_other(start: bytes) -> str:
    if start.startswith(_PHOTOS):
        return "a photo, not a video: give it the suffix of a photo, such as .jpg"
    found = describe_content(start)
    if found is None or found == VIDEO:
        return _NOT_A_VIDEO
    return found.replace("not a photo", "not a video").replace("not the photo", "not the video")


def _read_mp4(file: BinaryIO) -> Container:
    created, cut, has_index, times = None, "", False, None
    for name, start, size, end in _boxes(file):
        if name == b"moov":
            has_index = True
            file.seek(start)
            moov = file.read(size)
            created = _mp4_time(moov)
            times = read_frame_times(moov, end // LEAST_FRAME_BYTES)
        if start + size > end:
            cut = f"{start + size - end:,} bytes are missing at its end"
    if not has_index:
        raise ImageError("the video is cut off: its index, which is at the end, is missing")
    return Container("mp4", created, cut, times)


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield name, offset and size of the content, of each box, and the size of the file.

    Raises ImageError for far more boxes than a video has.
    """
    end = file.seek(0, 2)
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            size, header = int.from_bytes(file.read(8), "big"), 16
        size = size or end - at
        if size < header:
            return
        yield name, at + header, size - header, end
        at += size
    raise ImageError(f"more than {_MAX_BOXES:,} parts, far more than a video has")


def _mp4_time(moov: bytes) -> datetime | None:
    at = moov.find(b"mvhd") + 4
    if at < 4 or len(moov) < at + 12:
        return None
    is_long = moov[at] == 1
    seconds = int.from_bytes(moov[at + 4 : at + (12 if is_long else 8)], "big")
    try:
        return _plausible(_MP4_EPOCH + timedelta(seconds=seconds))
    except OverflowError:
        return None


def _read_avi(file: BinaryIO) -> Container:
    end = file.seek(0, 2)
    file.seek(0)
    start = file.read(_AVI_HEADER_BYTES)
    missing = int.from_bytes(start[4:8], "little") + 8 - end
    cut = f"{missing:,} bytes are missing at its end" if missing > 0 else ""
    if int.from_bytes(start[4:8], "little") == 0:
        cut = "it was never closed"
    return Container("avi", _avi_time(start), cut)


def _avi_time(header: bytes) -> datetime | None:
    for found in _AVI_TIME.finditer(header):
        size = min(int.from_bytes(found["size"], "little"), 64)
        text = header[found.end() : found.end() + size].split(b"\0")[0]
        words = " ".join(text.decode("ascii", "ignore").split())
        for form in _AVI_FORMATS:
            try:
                return _plausible(datetime.strptime(words, form))
            except ValueError:
                continue
    return None


def _read_mts(file: BinaryIO, start: bytes) -> Container:
    """Return what MTS says: no time, and that it is cut off if it ends within a packet."""
    rest = file.seek(0, 2) % (_packet_size(start) or 1)
    return Container("mts", None, "it ends within a packet" if rest else "")


def _plausible(moment: datetime) -> datetime | None:
    return moment if moment.year >= _FIRST_YEAR else None
