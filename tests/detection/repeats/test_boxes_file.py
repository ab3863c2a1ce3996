"""Boxes files, by camera."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from ctc.artifacts.boxes import Box
from ctc.detection.repeats.boxes_file import read_boxes
from ctc.errors import InputError

DETECTION = {"category": "2", "conf": 0.5, "bbox": [0.1, 0.2, 0.3, 0.4]}


@pytest.fixture
def write(tmp_path):
    def write_images(*images: Any, **members: Any):
        path = tmp_path / "boxes.json"
        content = {"images": images, "detection_categories": {"2": "person"}, **members}
        path.write_text(json.dumps(content))
        return path

    return write_images


def test_read_boxes_sorts_photos_by_camera(write) -> None:
    path = write(
        {"file": "a/1.jpg", "detections": [DETECTION], "datetime": "2024:05:01 10:00:00"},
        {"file": "a\\2.jpg", "detections": []},
        {"file": "/root/b/3.jpg", "detections": [DETECTION], "datetime": "unknown"},
        {"file": "b/4.jpg", "detections": None, "failure": "broken"},
    )
    found = read_boxes(path, "/root", 0)
    assert list(found) == ["a", "b"]
    assert found["a"].files == ["a/1.jpg", "a/2.jpg"]
    assert found["a"].times == [datetime(2024, 5, 1, 10), None]
    assert found["a"].boxes == [Box(0.1, 0.2, 0.3, 0.4)]
    assert found["a"].categories == ["person"]
    assert found["b"].files == ["b/3.jpg"]
    assert found["b"].times == [None]


def test_read_boxes_knows_the_frame_of_a_box_in_a_video(write) -> None:
    path = write(
        {
            "file": "a/1.mp4",
            "frame_rate": 30,
            "detections": [DETECTION | {"frame_number": 96}, DETECTION | {"frame_number": 0}],
        },
        {"file": "a/2.jpg", "detections": [DETECTION]},
    )
    found = read_boxes(path, "", 0)["a"]
    assert found.files == ["a/1.mp4", "a/2.jpg"]
    assert found.photos == [0, 0, 1]
    assert found.shown == ["a/1.mp4#t=3.2", "a/1.mp4#t=0", "a/2.jpg"]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({"file": "a.mp4", "frame_rate": 0, "detections": []}, "'frame_rate' is not a positive"),
        ({"detections": []}, r"images\[0\] has no 'file'"),
        ("a.jpg", r"images\[0\] has no 'file'"),
        ({"file": "a.jpg", "detections": 3}, "'detections' must be a list"),
        ({"file": "a.jpg", "detections": [{"conf": 1}]}, r"detections\[0\] must have 'bbox'"),
        ({"file": "a.jpg", "detections": [{"conf": 1, "bbox": [1, 2, 3]}]}, "four numbers"),
        ({"file": "a.jpg", "detections": [{"bbox": [0, 0, 1, 1]}]}, "and 'conf'"),
        ({"file": "a.jpg", "detections": ["box"]}, "must have 'bbox'"),
    ],
)
def test_read_boxes_names_what_is_wrong(image, message, write) -> None:
    with pytest.raises(InputError, match=message):
        read_boxes(write(image), "/root", 0)


def test_read_boxes_refuses_another_kind_of_file(write) -> None:
    with pytest.raises(InputError, match="has no 'images' and 'detection_categories'"):
        read_boxes(write(images={}), "/root", 0)
