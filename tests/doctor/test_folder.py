"""Space and speed of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.doctor.folder import check_folder


def test_check_folder_leaves_no_file(tmp_path: Path) -> None:
    found = check_folder(tmp_path)
    assert (found.status, list(tmp_path.iterdir())) == ("ok", [])
    assert found.values["bytes_per_second"] > 0


def test_check_folder_raises_for_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_folder(tmp_path / "nowhere")
