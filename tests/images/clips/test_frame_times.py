"""The times of frames in the index of a video."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from drawn_clips import RATE, turn, write_clip, write_sound

from ctc.images.clips.container import read_container
from ctc.images.clips.files import clip_info

VARIABLE = [0.0, 0.05, 0.4, 0.41, 1.9, 2.0, 2.05, 7.5, 7.6, 9.0, 15.25, 15.3]


def times(data: bytes) -> np.ndarray | None:
    return read_container(io.BytesIO(data)).times


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
@pytest.mark.parametrize("options", [{"g": "4", "bf": "2"}, {"bf": "0"}])
def test_read_frame_times_of_a_variable_rate(tmp_path: Path, name: str, options: dict) -> None:
    clip = write_clip(tmp_path / name, times=VARIABLE, options=options)
    assert times(clip.read_bytes()) == pytest.approx(VARIABLE)


def test_read_frame_times_of_a_constant_rate(tmp_path: Path) -> None:
    clip = turn(write_clip(tmp_path / "a.mp4", 30))
    assert times(clip.read_bytes()) == pytest.approx(np.arange(30) / RATE)
    assert clip_info(str(clip)).times is None


def test_clip_info_of_a_variable_rate_knows_the_last_frame(tmp_path: Path) -> None:
    info = clip_info(str(write_clip(tmp_path / "a.mp4", times=VARIABLE)))
    assert info.last == pytest.approx(15.3)
    assert info.rate == pytest.approx(11 / 15.3)
    assert [info.number(seconds) for seconds in (0, 0.405, 3, 15.3)] == [0, 3, 7, 11]


def test_read_frame_times_of_sound_alone(tmp_path: Path) -> None:
    assert times(write_sound(tmp_path / "a.mp4").read_bytes()) is None


@pytest.mark.parametrize("value", [0, 2**31, 2**32 - 1])
def test_read_frame_times_does_not_believe_a_damaged_index(tmp_path: Path, value: int) -> None:
    clip = write_clip(tmp_path / "a.mp4", times=VARIABLE)
    data = bytearray(clip.read_bytes())
    at = data.index(b"stts") + 12  # the number of the first frames
    data[at : at + 4] = value.to_bytes(4, "big")
    found = times(bytes(data))
    assert found is None or len(found) <= len(data) // 16
