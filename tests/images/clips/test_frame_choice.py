from __future__ import annotations

from pathlib import Path

import pytest
from drawn_clips import RATE, write_clip

from ctc.errors import UsageError
from ctc.images.clips.chooser import FrameChooser
from ctc.images.clips.files import clip_info
from ctc.images.clips.frame_choice import FrameChoice, make_frame_choice


def times(clip: Path, choice: FrameChoice) -> list[str]:
    return [path.partition("#t=")[2] for path in FrameChooser(choice).expand(str(clip))]


def cut_off(clip: Path, share: float) -> Path:
    data = clip.read_bytes()
    clip.write_bytes(data[: int(share * len(data))])
    return clip


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (FrameChoice(), ["0", "1", "2"]),
        (FrameChoice(rate=2.5), ["0", "0.4", "0.8", "1.2", "1.6", "2", "2.4", "2.8"]),
        (FrameChoice(rate=0.1), ["0"]),
        (FrameChoice(rate=1000), [f"{number / 10:g}" for number in range(30)]),
        (FrameChoice(count=1), ["1.45"]),
        (FrameChoice(count=2), ["0.725", "2.175"]),
        (FrameChoice(count=30), [f"{number / 10:g}" for number in range(30)]),
        (FrameChoice(count=40), [f"{number / 10:g}" for number in range(30)]),
    ],
)
def test_frame_choice_spreads_frames_evenly(
    tmp_path: Path, choice: FrameChoice, expected: list[str]
) -> None:
    assert times(write_clip(tmp_path / "a.mp4", 30), choice) == expected


VARIABLE = [0.0, 0.05, 0.4, 0.41, 1.9, 2.0, 2.05, 7.5, 7.6, 9.0, 15.25, 15.3]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (FrameChoice(), ["0", "1", "2", "7", "9", "15"]),
        (FrameChoice(rate=100), ["0", "0.05", "0.4", "0.41", "1.9", "2", "2.05"]),
        (FrameChoice(count=3), ["2.55", "7.65", "12.75"]),
    ],
)
def test_frame_choice_takes_each_frame_of_a_variable_rate_once(
    tmp_path: Path, choice: FrameChoice, expected: list[str]
) -> None:
    clip = write_clip(tmp_path / "v.mp4", times=VARIABLE, options={"g": "4", "bf": "2"})
    assert times(clip, choice)[: len(expected)] == expected
    assert FrameChoice(rate=100).most(clip_info(str(clip))) == len(VARIABLE)
    assert len(times(clip, FrameChoice(count=len(VARIABLE)))) == len(VARIABLE)


def test_frame_choice_by_change_takes_the_frames_that_differ_most(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 40)  # the picture of the animal changes at frame 26
    found = times(clip, FrameChoice(count=1, by="change"))
    assert found == ["3.2"]  # six blocks of the number change at frame 32
    assert len(times(clip, FrameChoice(count=5, by="change"))) == 5


def test_frame_choice_by_change_takes_all_frames_of_a_short_clip(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 1)
    assert times(clip, FrameChoice(count=5, by="change")) == ["0"]


def test_frame_chooser_counts_the_frames_of_a_clip_that_is_cut_off(tmp_path: Path) -> None:
    clip = cut_off(write_clip(tmp_path / "a.avi", 40, codec="mjpeg", options={}), 0.5)
    chooser = FrameChooser()
    assert chooser.expand(str(clip)) == (f"{clip}#t=0", f"{clip}#t=1")
    (note,) = chooser.notes()
    assert note.startswith("1 clip is cut off, and what is there is used: '")
    assert 1.0 < chooser.cut[str(clip)] < 2.0


def test_frame_chooser_uses_what_is_there_of_an_mp4_with_its_index_in_front(tmp_path: Path) -> None:
    muxer = {"movflags": "faststart"}
    clip = cut_off(write_clip(tmp_path / "a.mp4", 40, muxer=muxer), 0.6)
    chooser = FrameChooser(FrameChoice(rate=RATE))
    assert 5 < len(chooser.expand(str(clip))) < 39
    assert chooser.notes()


def test_frame_chooser_counts_the_frames_of_a_clip_that_claims_too_many(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.avi", 20, codec="mjpeg", options={})
    data = bytearray(clip.read_bytes())
    for chunk, at in ((b"avih", 24), (b"strh", 40)):  # the chunk's name and size, then the field
        start = data.index(chunk) + at
        assert data[start : start + 4] == (20).to_bytes(4, "little")
        data[start : start + 4] = (1 << 30).to_bytes(4, "little")
    clip.write_bytes(data)
    assert times(clip, FrameChoice()) == ["0", "1"]


def test_reading_damaged_clips_writes_nothing_to_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "a.mp4", 20)
    data = bytearray(clip.read_bytes())
    data[data.index(b"stsd") + 16 : data.index(b"stsd") + 20] = b"none"  # no such codec
    data[100:3_000] = bytes(2_900)
    clip.write_bytes(data)
    FrameChooser().expand(str(clip))
    assert capfd.readouterr().err == ""


def test_frame_chooser_keeps_a_clip_without_a_frame(tmp_path: Path) -> None:
    clip = cut_off(write_clip(tmp_path / "a.mp4", 40), 0.5)
    chooser = FrameChooser()
    assert chooser.expand(str(clip)) == (str(clip),)
    assert chooser.unreadable[str(clip)].startswith("the video is cut off: its index")


def test_frame_chooser_puts_frames_in_the_place_of_clips(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "b.MP4", 15))
    assert FrameChooser().expand_all(["a.jpg", clip, "c.jpg"]) == [
        "a.jpg",
        f"{clip}#t=0",
        f"{clip}#t=1",
        "c.jpg",
    ]


@pytest.mark.parametrize(
    ("rate", "count", "by", "reason"),
    [(1.0, 3, "time", "exclude each other"), (None, None, "change", "add --frames, such as 5")],
)
def test_make_frame_choice_refuses_what_excludes_itself(
    rate: float | None, count: int | None, by: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        make_frame_choice(rate, count, by)  # type: ignore[arg-type]
