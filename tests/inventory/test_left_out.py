"""Log of source entries that give no observation."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.inventory.left_out import (
    MAX_EXAMPLES,
    MAX_REASONS,
    OTHER_REASONS,
    LeftOutLog,
    left_out_path,
)
from ctc.plugin import LeftOut


def test_left_out_log_writes_all_entries_and_keeps_examples(tmp_path: Path) -> None:
    with LeftOutLog(tmp_path / "out.csv") as log:
        for i in range(10):
            log.add(LeftOut(f"row {i}", 'no "image", here'))
    assert log.counts == {'no "image", here': 10}
    assert log.examples == {'no "image", here': [f"row {i}" for i in range(MAX_EXAMPLES)]}
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["where,reason", 'row 0,"no ""image"", here"']
    assert len(lines) == 11


def test_left_out_log_limits_number_of_reasons() -> None:
    log = LeftOutLog()
    for i in range(MAX_REASONS + 5):
        log.add(LeftOut("somewhere", f"reason {i}"))
    assert len(log.counts) == MAX_REASONS + 1
    assert log.counts[OTHER_REASONS] == 5


def test_left_out_log_escapes_invalid_unicode(tmp_path: Path) -> None:
    with LeftOutLog(tmp_path / "out.csv") as log:
        log.add(LeftOut("\udcff.jpg", "no class"))
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[
        1
    ] == r"\udcff.jpg,no class"


def test_left_out_log_removes_old_file_if_empty(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("of an earlier run")
    with LeftOutLog(tmp_path / "out.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_left_out_log_keeps_old_file_on_error(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("of an earlier run")

    def interrupted() -> None:
        with LeftOutLog(tmp_path / "out.csv") as log:
            log.add(LeftOut("row 1", "no image"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of an earlier run"]


def test_left_out_path_is_beside_inventory() -> None:
    assert left_out_path(Path("a/inventory.parquet")) == Path("a/inventory.left_out.csv")
