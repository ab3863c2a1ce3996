from __future__ import annotations

import pytest

from ctc.images.clips.names import file_of, frame_path, is_clip_path, split_frame_path


@pytest.mark.parametrize(
    ("seconds", "path"),
    [(0, "a.mp4#t=0"), (3.2, "a.mp4#t=3.2"), (10, "a.mp4#t=10"), (1 / 30, "a.mp4#t=0.033")],
)
def test_frame_path_has_at_most_three_decimals(seconds: float, path: str) -> None:
    assert frame_path("a.mp4", seconds) == path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b.mp4#t=3.2", ("a/b.mp4", 3.2)),
        ("https://x.org/b.mp4?key=1#t=3", ("https://x.org/b.mp4?key=1", 3.0)),
        ("a#t=1.mp4#t=2", ("a#t=1.mp4", 2.0)),
        ("a.mp4", None),
        ("a#t=3.jpg", None),
    ],
)
def test_split_frame_path(path: str, expected: tuple[str, float] | None) -> None:
    assert split_frame_path(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/B.MP4", True),
        ("a\\b.mov", True),
        ("https://x.org/b.avi?key=/1", True),
        ("a/.b.mp4", False),
        ("a.jpg", False),
        ("a.mp4#t=1", False),
    ],
)
def test_is_clip_path(path: str, expected: bool) -> None:
    assert is_clip_path(path) is expected


def test_file_of_a_frame_is_its_clip() -> None:
    assert [file_of("a.mp4#t=1"), file_of("a.jpg")] == ["a.mp4", "a.jpg"]
