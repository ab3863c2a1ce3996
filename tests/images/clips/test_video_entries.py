from __future__ import annotations

from pathlib import Path

import pytest
from drawn_clips import write_clip

from ctc.errors import InputError
from ctc.images.clips.video_entries import Entry, unite_frames

BOX = {"category": "1", "conf": 0.5, "bbox": [0, 0, 1, 1]}
FAILED = {"failure": "the clip ends at 0.900 s", "detections": None}


def frame(clip: Path, seconds: str, **entry: object) -> tuple[str, Entry]:
    return f"{clip}#t={seconds}", {"file": f"{clip.name}#t={seconds}", "detections": [], **entry}


def test_unite_frames_leaves_photos_as_they_are() -> None:
    photo = {"file": "a.jpg", "detections": [BOX]}
    assert list(unite_frames([[("x/a.jpg", photo)]])) == [photo]


def test_unite_frames_numbers_the_frames_of_each_clip(tmp_path: Path) -> None:
    one, two = (write_clip(tmp_path / name, 10) for name in ("a.mp4", "b.mp4"))
    frames = [frame(one, "0"), frame(one, "0.45", detections=[BOX]), frame(two, "0.9")]
    assert list(unite_frames([frames[:2], frames[2:]])) == [
        {
            "file": "a.mp4",
            "detections": [{**BOX, "frame_number": 5}],
            "frame_rate": 10,
            "frames_processed": [0, 5],
        },
        {"file": "b.mp4", "detections": [], "frame_rate": 10, "frames_processed": [9]},
    ]


def test_unite_frames_of_an_event_of_clips_that_run_at_the_same_time(tmp_path: Path) -> None:
    one, two = (write_clip(tmp_path / name, 10) for name in ("a.mp4", "b.mp4"))
    lost = [[frame(clip, "5", **FAILED)] for clip in (one, two)]
    event = [frame(clip, seconds) for seconds in ("0", "0.5") for clip in (one, two)]
    event.insert(2, ("x/p.jpg", {"file": "p.jpg", "detections": []}))
    found = list(unite_frames([*lost, event, [frame(one, "0.9")]]))
    assert [(entry["file"], entry.get("frames_processed")) for entry in found] == [
        ("a.mp4", [0, 5, 9]),
        ("b.mp4", [0, 5]),
        ("p.jpg", None),
    ]


def test_unite_frames_leaves_out_frames_that_failed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 10)
    (found,) = unite_frames([[frame(clip, "5", **FAILED)], [frame(clip, "0.5")]])
    assert found["frames_processed"] == [5]
    assert "failure" not in found


def test_unite_frames_tells_that_a_clip_failed(tmp_path: Path) -> None:
    frames = [frame(tmp_path / "a.mp4", seconds, **FAILED) for seconds in "56"]
    assert list(unite_frames([[one] for one in frames])) == [{"file": "a.mp4", **FAILED}]


def test_unite_frames_refuses_a_clip_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read any more: no such file"):
        list(unite_frames([[frame(tmp_path / "a.mp4", "0")]]))
