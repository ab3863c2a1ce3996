from __future__ import annotations

from pathlib import Path

import pytest

from ctc.artifacts.failures import (
    FailureFile,
    failure_path,
    read_failure_file,
    read_failures,
    write_failures,
)
from ctc.artifacts.predictions import Failure
from ctc.errors import InputError


def test_write_failures_is_read_back(tmp_path: Path) -> None:
    predictions = tmp_path / "p.csv"
    write_failures(failure_path(predictions), [Failure("a, b.jpg", "empty file")])
    assert failure_path(predictions).read_bytes() == b'path,reason\n"a, b.jpg",empty file\n'
    assert read_failures(predictions) == ("a, b.jpg: empty file",)


def test_write_failures_escapes_names_that_are_not_utf8(tmp_path: Path) -> None:
    write_failures(tmp_path / "f.csv", [Failure("\udce9.jpg", "empty file")])
    assert (tmp_path / "f.csv").read_bytes() == b"path,reason\n\\udce9.jpg,empty file\n"


def test_write_failures_without_failure_removes_file(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("path,reason\n")
    write_failures(tmp_path / "f.csv", [])
    assert list(tmp_path.iterdir()) == []


def test_read_failures_without_file_is_empty(tmp_path: Path) -> None:
    assert read_failures(tmp_path / "p.csv") == ()


def test_read_failures_of_other_columns_is_an_error(tmp_path: Path) -> None:
    failure_path(tmp_path / "p.csv").write_text("file,reason\na.jpg,empty file\n")
    with pytest.raises(InputError, match="has no column 'path'"):
        read_failures(tmp_path / "p.csv")


def test_failure_file_for_excel_escapes_formulas_and_is_read_back(tmp_path: Path) -> None:
    predictions = tmp_path / "p.csv"
    failures = [Failure("=cmd|x.jpg", "-3 is no size"), Failure("'=b.jpg", "+1.5")]
    with FailureFile(failure_path(predictions), for_excel=True) as file:
        for failure in failures:
            file.add(failure)
    written = failure_path(predictions).read_text(encoding="utf-8")
    assert written == "\ufeffpath,reason\n'=cmd|x.jpg,'-3 is no size\n'=b.jpg,+1.5\n"
    assert next(iter(read_failure_file(failure_path(predictions)))) == failures[0]
