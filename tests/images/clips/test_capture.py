"""Clips in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_clips import frame_number, turn, write_clip

from ctc.errors import ImageError
from ctc.images import decode
from ctc.images.clips.capture import ClipBytes
from ctc.images.clips.files import clip_info
from ctc.images.clips.reader import ClipReader


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [("a.mp4", "libx264", None), ("a.avi", "mjpeg", None), ("a.mts", "libx264", "mpegts")],
)
def test_clip_bytes_are_read_as_the_file(
    tmp_path: Path, name: str, codec: str, container: str | None
) -> None:
    clip = write_clip(tmp_path / name, 90, codec=codec, container=container, options={})
    source = ClipBytes(clip.read_bytes())
    assert clip_info(source) == clip_info(str(clip))
    reader = ClipReader(source)
    assert [frame_number(decode(reader.read(at / 10))) for at in (3, 88, 0)] == [3, 88, 0]


def test_clip_bytes_are_turned(tmp_path: Path) -> None:
    clip = turn(write_clip(tmp_path / "a.mp4", 5))
    assert decode(ClipReader(ClipBytes(clip.read_bytes())).read(0)).shape == (320, 240, 3)


def test_clip_bytes_with_a_damaged_index_are_read_without_it(tmp_path: Path) -> None:
    data = bytearray(write_clip(tmp_path / "a.avi", 20, codec="mjpeg", options={}).read_bytes())
    data[data.rindex(b"idx1") + 7] = 255  # FFmpeg seeks to a negative place then
    reader = ClipReader(ClipBytes(bytes(data)))
    assert frame_number(decode(reader.read(1.5))) == 15


def test_clip_bytes_stop_when_their_check_raises(tmp_path: Path) -> None:
    def stop() -> None:
        raise ImageError("enough")

    clip = write_clip(tmp_path / "a.mp4", 20)
    reader = ClipReader(ClipBytes(clip.read_bytes(), stop))
    with pytest.raises(ImageError, match="enough"):
        reader.read(1)
