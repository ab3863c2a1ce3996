from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from drawn_clips import HEIGHT, RATE, WIDTH, draw_frame, frame_number, turn, write_clip, write_sound

from ctc.errors import ImageError
from ctc.images import decode, read_photo
from ctc.images.clips import reader
from ctc.images.clips.names import frame_path

VARIABLE = [0.0, 0.05, 0.4, 0.41, 1.9, 2.0, 2.05, 7.5, 7.6, 9.0, 15.25, 15.3]


def shown(clip: Path, seconds: float) -> int:
    return frame_number(decode(read_photo(frame_path(str(clip), seconds))))


@pytest.mark.parametrize(
    ("name", "codec", "container", "options"),
    [
        ("a.mp4", "libx264", None, {"g": "20", "bf": "3"}),
        ("a.mov", "libx264", None, {"g": "20"}),
        ("mjpeg.avi", "mjpeg", None, {}),
        ("mpeg4.avi", "mpeg4", None, {}),
        ("h264.avi", "libx264", None, {"bf": "2"}),
        ("a.mts", "libx264", "mpegts", {"g": "20", "bf": "3"}),
    ],
)
def test_read_photo_returns_frames_by_time(
    tmp_path: Path, name: str, codec: str, container: str | None, options: dict[str, str]
) -> None:
    clip = write_clip(tmp_path / name, 90, codec=codec, container=container, options=options)
    order = [0, 1, 2, 30, 31, 29, 89, 0, 77, 12, 88]
    assert [shown(clip, number / RATE) for number in order] == order


def test_read_photo_returns_the_frame_as_drawn(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 10)
    pixels = decode(read_photo(f"{clip}#t=0.3"))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(pixels.astype(int) - draw_frame(3)).mean() < 4


def test_read_photo_follows_a_variable_frame_rate(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "v.mp4", times=VARIABLE, options={"g": "4", "bf": "2"})
    order = [3, 0, 11, 7, 4, 10, 5, 1, 2, 6, 9, 8]
    assert [shown(clip, VARIABLE[number]) for number in order] == order


def test_read_photo_returns_the_first_frame_at_or_after_a_time(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "v.mp4", times=VARIABLE)
    assert [shown(clip, seconds) for seconds in (0.06, 0.405, 3, 15.26)] == [2, 3, 7, 11]


def test_read_photo_returns_the_last_frame_while_it_is_shown(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 20)
    assert shown(clip, 1.95) == 19


def test_read_photo_tells_where_a_clip_ends(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 20)
    with pytest.raises(ImageError, match=r"^the clip ends at 1\.900 s$"):
        read_photo(f"{clip}#t=5")


def test_read_photo_applies_rotation(tmp_path: Path) -> None:
    clip = turn(write_clip(tmp_path / "a.mp4", 10))
    pixels = decode(read_photo(f"{clip}#t=0.5"))
    assert pixels.shape == (WIDTH, HEIGHT, 3)
    assert frame_number(np.ascontiguousarray(np.rot90(pixels, 1))) == 5


def test_read_photo_goes_by_content_not_by_suffix(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 20).rename(tmp_path / "a.avi")
    assert shown(clip, 1.2) == 12


@pytest.mark.parametrize("suffix", ["mp4", "avi"])
def test_read_photo_refuses_a_photo_with_the_name_of_a_clip(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(ImageError, match="a photo, not a video: give it the suffix of a photo"):
        read_photo(f"{path}#t=0")


def test_read_photo_refuses_sound_alone(tmp_path: Path) -> None:
    clip = write_sound(tmp_path / "a.mp4")
    with pytest.raises(ImageError, match="it has sound alone"):
        read_photo(f"{clip}#t=0")


def test_read_photo_refuses_a_clip_without_its_index(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 20)
    clip.write_bytes(clip.read_bytes()[:-2_000])
    with pytest.raises(ImageError, match="the video is cut off: its index"):
        read_photo(f"{clip}#t=0")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (bytes(3_000), "nothing but zeros"),
        (b"#EXTM3U\nhttp://127.0.0.1/a.ts\n", "not a video of a known kind"),
    ],
)
def test_read_photo_refuses_what_is_no_clip(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(ImageError, match=reason):
        read_photo(f"{tmp_path / 'a.mp4'}#t=0")


def test_read_photo_tells_that_a_clip_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        read_photo(f"{tmp_path / 'a.mp4'}#t=0")


def test_read_photo_refuses_a_whole_clip(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 5)
    with pytest.raises(ImageError, match="name one of its frames"):
        read_photo(clip)


def test_read_photo_reads_a_clip_again_that_was_replaced(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 20)
    assert shown(clip, 1.2) == 12
    write_clip(clip, times=VARIABLE)
    assert shown(clip, 1.2) == 4


def test_read_frame_decodes_a_clip_once_for_many_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    start = reader.start_capture
    monkeypatch.setattr(reader, "start_capture", lambda path: opened.append(path) or start(path))
    clip = write_clip(tmp_path / "a.mp4", 100)
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda number: shown(clip, number / RATE), range(0, 100, 5)))
    assert numbers == list(range(0, 100, 5))
    assert len(opened) <= 2


def test_readers_keep_few_clips_open(tmp_path: Path) -> None:
    clips = [write_clip(tmp_path / f"{number}.mp4", 3) for number in range(reader.MAX_OPEN + 2)]
    assert [shown(clip, 0.1) for clip in clips * 2] == [1] * len(clips) * 2
    assert len(reader._READERS._open) == reader.MAX_OPEN
