"""Files with the shares of classes at a place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctc.errors import CtcError
from ctc.inference.decisions.priors.file import read_prior

LABELS = {"species": ("fox", "deer", "hare", "empty"), "age": ("fox", "old")}
TRAINED = {"species": np.array([0.4, 0.3, 0.2, 0.1]), "age": np.array([0.5, 0.5])}


def read(text: str) -> dict[str, list[float]]:
    Path("p.csv").write_text(text)
    found = read_prior(Path("p.csv"), LABELS, TRAINED)
    return {label: shares.tolist() for label, shares in found.items()}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("rows", ["class,share\ndeer,0.6\nhare,0.2", "class,count\ndeer,9\nhare,3"])
def test_listed_classes_share_what_the_others_leave(rows: str) -> None:
    assert read(rows) == {"species": pytest.approx([0.4, 0.375, 0.125, 0.1])}


def test_a_label_where_two_have_the_class() -> None:
    found = read("label,class,share\nage,fox,0.25\nage,old,0.75\n")
    assert found == {"age": pytest.approx([0.25, 0.75])}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class,share\nder,1\n", "'p.csv' line 2: unknown class 'der': did you mean 'deer'?"),
        ("class\ndeer\n", "'p.csv' needs the columns class, and share or count"),
        ("class,share\ndeer,-1\n", "'p.csv' line 2: '-1' is no share or count: write a number"),
        ("class,share\ndeer,nan\n", "'p.csv' line 2: 'nan' is no share or count"),
        ("class,share\ndeer,0\n", "'p.csv': all shares are 0: give one that is not"),
        ("class,share\ndeer,1\ndeer,2\n", "'p.csv' line 3: the class 'deer' has a row already"),
        ("class,share\nfox,1\n", "'p.csv' line 2: class 'fox' belongs to 'species' and to 'age'"),
        ("label,class,share\nsex,fox,1\n", "'p.csv' line 2: unknown label 'sex'"),
        ("class,share\n", "'p.csv' has no rows"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(CtcError) as caught:
        read(text)
    assert str(caught.value).startswith(message)
