from __future__ import annotations

import pytest

from ctc.errors import MissingExtraError, did_you_mean, reason, require_extra


@pytest.mark.parametrize(
    ("name", "choices", "hint"),
    [
        ("maen", ["max", "mean", "min"], ": did you mean 'mean'?"),
        ("species", ["Species", "count"], ": did you mean 'Species'?"),
        ("SPECIES", ["spices", "species"], ": did you mean 'species'?"),
        ("FOx", ["FOX", "fox"], ": did you mean 'FOX'?"),
        ("quantile", ["min", "max"], ": there are 'max', 'min'"),
        ("any", [], ": there are none"),
    ],
)
def test_did_you_mean_suggests_closest_ignoring_case(name: str, choices, hint: str) -> None:
    assert did_you_mean(name, choices) == hint


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileNotFoundError(2, "No such file or directory", "a.jpg"), "no such file or directory"),
        (ValueError("Two\nlines."), "two lines"),
        (KeyError(), "keyerror"),
    ],
)
def test_reason_is_one_lower_case_line(error: Exception, text: str) -> None:
    assert reason(error) == text


def test_require_extra_names_the_extra() -> None:
    require_extra("`ctc train`", "train", ["json"])
    with pytest.raises(MissingExtraError, match=r"camera-trap-classifier\[train\]"):
        require_extra("`ctc train`", "train", ["json", "no_such_package"])
