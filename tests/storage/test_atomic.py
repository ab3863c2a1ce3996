from __future__ import annotations

from pathlib import Path

import pytest

from ctc.storage.atomic import atomic_write, is_partial, temp_path


def test_is_partial_recognises_temp_path(tmp_path: Path) -> None:
    partial = temp_path(tmp_path / "p.csv")
    assert is_partial(partial)
    assert is_partial(partial, tmp_path / "p.csv")
    assert not is_partial(partial, tmp_path / "p")


@pytest.mark.parametrize("name", ["p.partial", ".p.csv", "p.csv"])
def test_is_partial_rejects_other_names(tmp_path: Path, name: str) -> None:
    assert not is_partial(tmp_path / name)


def test_atomic_write_replaces_file_when_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_atomic_write_removes_partial_file_on_error(tmp_path: Path) -> None:
    def write() -> None:
        with atomic_write(tmp_path / "a.txt") as partial:
            partial.write_text("new")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write()
    assert list(tmp_path.iterdir()) == []
