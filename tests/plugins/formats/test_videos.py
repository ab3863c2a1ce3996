from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from drawn_clips import write_clip

from ctc.cli.main import run

CREATED = {"creation_time": "2025-05-04T06:07:08Z"}


def ctc(*arguments: object) -> int:
    return run([*map(str, arguments)])


def rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """An inventory with a clip of 3 s at 10 frames per second, of which two frames are chosen."""
    (tmp_path / "photos" / "fox").mkdir(parents=True)
    write_clip(tmp_path / "photos" / "fox" / "b.mp4", 30)
    path = tmp_path / "i.parquet"
    options = ("--frames", 2, "--output", path)
    assert ctc("inventory", "folders", tmp_path / "photos", *options) == 0
    return path


def results(**video: object) -> dict[str, object]:
    return {
        "info": {"format_version": "1.6"},
        "detection_categories": {"1": "animal"},
        "images": [{"file": "fox/b.mp4", "detections": [], **video}],
    }


def box(frame: int, left: float) -> dict[str, object]:
    return {"category": "1", "conf": 0.9, "bbox": [left, 0.1, 0.2, 0.2], "frame_number": frame}


def join(tmp_path: Path, inventory: Path, document: object) -> int:
    source = tmp_path / "boxes.json"
    source.write_text(json.dumps(document))
    options = ("--inventory", inventory, "--output", tmp_path / "boxed.parquet")
    return ctc("inventory", "megadetector", source, *options)


def test_megadetector_joins_the_boxes_of_a_video_to_its_frames(
    tmp_path: Path, inventory: Path
) -> None:
    detections = [box(8, 0.25), box(15, 0.75)]  # frames at 0.725 and 2.175 s have numbers 8 and 22
    video = {"frame_rate": 10, "frames_processed": [8, 15, 22], "detections": detections}
    assert join(tmp_path, inventory, results(**video)) == 0
    (row,) = rows(tmp_path / "boxed.parquet")
    assert row["images"] == ["fox/b.mp4#t=0.725", "fox/b.mp4#t=2.175"]
    assert row["box_x"] == [0.25, None]


@pytest.mark.parametrize(
    ("video", "reason"),
    [
        ({"frame_rate": 0}, "frame_rate"),
        ({"frame_rate": 10, "frames_processed": ["x"]}, "frames_processed"),
        ({"frame_rate": 10, "detections": [{"category": "1"}]}, "frame_number"),
    ],
)
def test_megadetector_leaves_out_a_video_with_wrong_numbers(
    tmp_path: Path,
    inventory: Path,
    capsys: pytest.CaptureFixture[str],
    video: dict[str, object],
    reason: str,
) -> None:
    assert join(tmp_path, inventory, results(**video)) == 1
    assert reason in capsys.readouterr().err


def test_megadetector_reads_the_videos_that_detect_writes(tmp_path: Path, inventory: Path) -> None:
    from bright_detector import write_bright_detector

    detector, boxes = write_bright_detector(tmp_path / "bright.onnx"), tmp_path / "b.json"
    assert ctc("detect", detector, inventory, "--output", boxes) == 0
    options = ("--inventory", inventory, "--output", tmp_path / "boxed.parquet")
    assert ctc("inventory", "megadetector", boxes, *options) == 0
    (row,) = rows(tmp_path / "boxed.parquet")
    assert [box is not None for box in row["box_x"]] == [True, True]


def test_camtrap_dp_reads_the_clips_that_predict_writes(model: Path, tmp_path: Path) -> None:
    (tmp_path / "cam").mkdir()
    write_clip(tmp_path / "cam" / "b.mp4", 15, metadata=CREATED)
    package = tmp_path / "cam" / "p.camtrap-dp"
    clip = tmp_path / "cam" / "b.mp4"
    assert ctc("predict", model, clip, "--time-zone", "+00:00", "--output", package) == 0
    options = ("--image-root", tmp_path / "cam", "--output", tmp_path / "i.parquet")
    assert ctc("inventory", "camtrap-dp", package, *options) == 0
    assert rows(tmp_path / "i.parquet")[0]["images"] == ["b.mp4#t=0", "b.mp4#t=1"]
