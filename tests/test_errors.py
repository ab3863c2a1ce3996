from __future__ import annotations

import pytest

from ctc.errors import (
    MissingExtraError,
    describe_damage,
    did_you_mean,
    edit_distance,
    reason,
    require_extra,
)


@pytest.mark.parametrize(
    ("name", "choices", "hint"),
    [
        ("maen", ["max", "mean", "min"], ": did you mean 'mean'?"),
        ("species", ["Species", "count"], ": did you mean 'Species'?"),
        ("SPECIES", ["spices", "species"], ": did you mean 'species'?"),
        ("FOx", ["FOX", "fox"], ": did you mean 'FOX'?"),
        ("quantile", ["min", "max"], ": there are 'max', 'min'"),
        ("any", [], ": there are none"),
        ("GPU", ["cpu", "cuda"], ": did you mean 'cuda'?"),
        ("treshold", ["threads", "threshold"], ": did you mean 'threshold'?"),
        ("thresh", ["resume", "threads", "threshold"], ": did you mean 'threshold'?"),
        ("lr", ["color", "learning-rate"], ": there are 'color', 'learning-rate'"),
        ("Red  Fox", ["Red Fox", "Red Fix"], ": did you mean 'Red Fox'?"),
    ],
)
def test_did_you_mean_suggests_closest_ignoring_case(name: str, choices, hint: str) -> None:
    assert did_you_mean(name, choices) == hint


def test_did_you_mean_lists_no_more_than_thirty() -> None:
    hint = did_you_mean("zebra", [f"class {number:03}" for number in range(1_000)])
    assert hint.startswith(": there are 'class 000', 'class 001'")
    assert hint.endswith("'class 029' and 970 more")


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "", 0), ("fox", "fox", 0), ("fox", "fx", 1), ("fox", "fxo", 1), ("fox", "deer", 4)],
)
def test_edit_distance_counts_letters_and_swaps(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == distance


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileNotFoundError(2, "No such file or directory", "a.jpg"), "no such file or directory"),
        (ValueError("Two\nlines."), "two lines"),
        (ValueError("No class 'Fox' in DALI."), "no class 'Fox' in DALI"),
        (ValueError("JPEG data is missing"), "JPEG data is missing"),
        (ValueError("[Errno 20] Not a directory: 'A'"), "not a directory: 'A'"),
        (KeyError(), "KeyError"),
    ],
)
def test_reason_is_one_lower_case_line(error: Exception, text: str) -> None:
    assert reason(error) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("splits"), "it has no 'splits'"),
        (TypeError("'NoneType' object is not iterable"), "it has a value of the wrong type or"),
        (ValueError("Not the name of a shard: 'x'"), "not the name of a shard: 'x'"),
    ],
)
def test_describe_damage_has_no_words_of_python(error: Exception, text: str) -> None:
    assert describe_damage(error).startswith(text)


def test_require_extra_names_the_extra() -> None:
    require_extra("`ctc train`", "train", ["json"])
    with pytest.raises(MissingExtraError, match=r"camera-trap-classifier\[train\]"):
        require_extra("`ctc train`", "train", ["json", "no_such_package"])
