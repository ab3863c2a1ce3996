"""Small photos on disk, within a bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_clips import frame_number, write_clip
from review_world import draw_photo

from ctc.errors import CtcError
from ctc.images import decode
from ctc.review.app.thumbnails import ThumbnailCache


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jpg"))


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"{number}.jpg" for number in range(4)]
    for number, path in enumerate(paths):
        draw_photo(path, number)
    return [str(path) for path in paths]


def test_cache_keeps_what_it_made(photos, tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "small", 10**6)
    data = cache.get(photos[0], "thumb").result()
    assert [path.read_bytes() for path in files(tmp_path / "small")] == [data]
    assert cache.get(photos[0], "thumb").result() == data
    cache.close()


def test_cache_makes_a_changed_photo_again(photos, tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "small", 10**6)
    before = cache.get(photos[0], "thumb").result()
    draw_photo(Path(photos[0]), 9, (10, 200, 10))
    assert cache.get(photos[0], "thumb").result() != before
    cache.close()


def test_cache_makes_each_frame_of_a_clip(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 40)
    cache = ThumbnailCache(tmp_path / "small", 10**6)
    wanted = [cache.get(f"{clip}#t={second}", "thumb") for second in range(4)]
    shown = [frame_number(np.ascontiguousarray(decode(one.result()))) for one in wanted]
    assert shown == [0, 10, 20, 30]
    assert len(files(tmp_path / "small")) == 4
    cache.close()


def test_cache_makes_the_frames_of_a_changed_clip_again(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 40)
    cache = ThumbnailCache(tmp_path / "small", 10**6)
    before = cache.get(f"{clip}#t=1", "thumb").result()
    write_clip(clip, times=[0.0, 0.2, 0.5, 1.0])
    assert cache.get(f"{clip}#t=1", "thumb").result() != before
    cache.close()


def test_cache_removes_what_was_not_used_for_longest(photos, tmp_path: Path) -> None:
    size = len(ThumbnailCache(tmp_path / "one", 10**6).get(photos[0], "thumb").result())
    cache = ThumbnailCache(tmp_path / "small", int(3.5 * size))
    for photo in (*photos[:3], photos[0], photos[3]):
        cache.get(photo, "thumb").result()
    cache.close()
    kept = ThumbnailCache(tmp_path / "small", 10**6)
    assert len(files(tmp_path / "small")) == 3
    assert kept.kept_bytes == sum(path.stat().st_size for path in files(tmp_path / "small"))
    kept.close()


def test_cache_goes_without_a_folder_that_cannot_be_written(photos, tmp_path: Path) -> None:
    (tmp_path / "small").write_text("a file")
    cache = ThumbnailCache(tmp_path / "small", 10**6)
    assert cache.get(photos[0], "thumb").result()[:2] == b"\xff\xd8"
    cache.close()


def test_cache_raises_for_a_missing_photo(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "small", 10**6)
    with pytest.raises(CtcError, match="it is not there: if photos have moved"):
        cache.get(str(tmp_path / "nothing.jpg"), "thumb").result()
    cache.close()
