"""Files of tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.artifacts.review.records import Reviewer
from ctc.errors import CtcError
from ctc.review.app.reviewers import read_tokens


def test_read_tokens(tmp_path: Path) -> None:
    path = tmp_path / "reviewers.csv"
    path.write_text("name,role,token\nAna,,aaaaaaaaaaaa\nLea,lead,bbbbbbbbbbbb\n")
    assert read_tokens(path) == {
        "aaaaaaaaaaaa": Reviewer("Ana"),
        "bbbbbbbbbbbb": Reviewer("Lea", "lead"),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,role\nAna,lead\n", "it has no column 'token'"),
        ("name,token\nAna,short\n", "line 2 needs a token of 12 or more ASCII characters"),
        ("name,token\nAna,with a blank here\n", "line 2 needs a token"),
        ("name,token,role\nAna,aaaaaaaaaaaa,boss\n", "line 2 has the role 'boss'"),
        ("name,token\nAna,aaaaaaaaaaaa\nBen,aaaaaaaaaaaa\n", "line 3 has a name or token"),
        ("name,token\n,aaaaaaaaaaaa\n", "'' is no name of a reviewer"),
    ],
)
def test_read_tokens_refuses(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "reviewers.csv"
    path.write_text(text)
    with pytest.raises(CtcError, match=f"can't be used: {message}"):
        read_tokens(path)


def test_read_tokens_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CtcError, match="is not there: write a CSV with name,role,token"):
        read_tokens(tmp_path / "nothing.csv")
