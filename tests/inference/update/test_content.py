from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctc.images import read_photo
from ctc.inference.update.content import ContentReader, FileStamp

ABC = "cf4ab791c62b8d2b2109c90275287816"
"""`printf abc | b2sum -l 128`."""


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the times of a file count at once."""
    monkeypatch.setattr("ctc.inference.update.content.SETTLED_SECONDS", 0)


def test_content_is_the_digest_of_all_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"abc")
    content = ContentReader(read_photo).content(str(tmp_path / "a.jpg"))
    assert content is not None
    assert (content.digest, content.size) == (ABC, 3)
    assert (content.modified, content.changed) == (0, 0)  # it has just been written


def test_stamp_of_an_unchanged_file_fits(settled: None, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    content = ContentReader(read_photo).content(str(path))
    stamp = FileStamp.of(str(path))
    assert content is not None
    assert stamp is not None
    assert stamp.fits(content)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no time of the last change of an entry")
def test_stamp_of_a_file_with_other_bytes_and_the_old_time_does_not_fit(
    settled: None, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    before = path.stat()
    content = ContentReader(read_photo).content(str(path))
    path.write_bytes(b"xyz")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    stamp = FileStamp.of(str(path))
    assert content is not None
    assert stamp is not None
    assert (stamp.size, stamp.modified) == (content.size, content.modified)
    assert not stamp.fits(content)


def test_content_of_what_is_no_file_is_not_known(tmp_path: Path) -> None:
    reader = ContentReader(read_photo)
    assert reader.content(str(tmp_path / "gone.jpg")) is None
    assert reader.content(str(tmp_path)) is None
