from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import EventPrediction
from ctc.errors import CtcError, InputError, UsageError
from ctc.inference.postprocess import make_postprocessor

LABELS = {"species": ("deer", "fox", "wolf", "none"), "sex": ("f", "m", "none")}
ANSWER = {
    "species": np.array([[0.5, 0.3, 0.1, 0.1]], np.float32),
    "sex": np.array([[0.2, 0.7, 0.1]], np.float32),
}


def info(**changes) -> ModelInfo:
    return ModelInfo(LABELS, Preprocessing(8, 8), **changes)


def top(postprocessor, label: str = "species") -> tuple[str, float]:
    values = {name: rows[0] for name, rows in postprocessor.apply(ANSWER).items()}
    event = EventPrediction.from_schema(postprocessor.schema, "1", values, (), {})
    return event.top(label)


@pytest.fixture
def class_list(tmp_path: Path):
    def write(*lines: str) -> Path:
        (tmp_path / "classes.txt").write_text("\n".join(lines), encoding="utf-8")
        return tmp_path / "classes.txt"

    return write


def test_postprocessor_without_options_keeps_model_output() -> None:
    assert top(make_postprocessor(info())) == ("deer", pytest.approx(0.5))


@pytest.mark.parametrize(("threshold", "name"), [(0.5, "deer"), (0.51, "unknown"), (0, "deer")])
def test_postprocessor_threshold_gives_unknown_below_it(threshold: float, name: str) -> None:
    assert top(make_postprocessor(info(), threshold)) == (name, pytest.approx(0.5))


def test_postprocessor_threshold_applies_to_every_label() -> None:
    postprocessor = make_postprocessor(info(), 0.6)
    assert (top(postprocessor)[0], top(postprocessor, "sex")[0]) == ("unknown", "m")


def test_postprocessor_uses_model_thresholds_per_class() -> None:
    assert top(make_postprocessor(info(thresholds={"species": {"deer": 0.6}})))[0] == "unknown"
    assert top(make_postprocessor(info(thresholds={"species": {"fox": 0.6}})))[0] == "deer"


def test_postprocessor_never_predicts_class_with_threshold_none() -> None:
    postprocessor = make_postprocessor(info(thresholds={"species": {"deer": None, "fox": 0.6}}))
    assert top(postprocessor) == ("unknown", pytest.approx(0.5))
    assert postprocessor.notes[1] == (
        "'species' is 'unknown' wherever it would be 'deer': no probability of theirs can be"
        " believed"
    )
    assert top(make_postprocessor(info(thresholds={"species": {"deer": None}}), 0.4))[0] == "deer"


def test_postprocessor_notes_name_the_threshold() -> None:
    assert make_postprocessor(info(), 0.8).notes == ("answers below 0.8 are 'unknown'",)
    own = make_postprocessor(info(thresholds={"species": {"deer": 0.6}})).notes
    assert own == ("answers below the model's own thresholds are 'unknown'",)


@pytest.mark.parametrize(("threshold", "name"), [(0, "deer"), (0.4, "deer"), (0.9, "unknown")])
def test_postprocessor_threshold_option_replaces_model_thresholds(
    threshold: float, name: str
) -> None:
    assert (
        top(make_postprocessor(info(thresholds={"species": {"deer": 0.6}}), threshold))[0] == name
    )


def test_postprocessor_class_list_drops_classes_and_normalizes(class_list) -> None:
    postprocessor = make_postprocessor(info(), class_list=class_list("wolf", "", "fox"))
    answer = postprocessor.apply(ANSWER)
    assert postprocessor.schema.labels == {"species": ("fox", "wolf"), "sex": ("f", "m", "none")}
    assert answer["species"].tolist() == [pytest.approx([0.75, 0.25])]
    assert answer["sex"] is ANSWER["sex"]
    assert postprocessor.notes == (
        (
            "'species' is restricted to 2 of its 4 classes, whose probabilities sum to 1 again;"
            " left out: 'deer', 'none'"
        ),
    )


def test_postprocessor_class_list_csv_restricts_several_labels(class_list) -> None:
    postprocessor = make_postprocessor(
        info(), class_list=class_list("label,class", "species,none", "species,deer", "sex,none")
    )
    assert postprocessor.schema.labels == {"species": ("deer", "none"), "sex": ("none",)}


def test_postprocessor_gives_equal_probabilities_when_all_kept_are_zero(class_list) -> None:
    postprocessor = make_postprocessor(info(), class_list=class_list("fox", "wolf"))
    certain = {**ANSWER, "species": np.array([[1, 0, 0, 0]], np.float32)}
    assert postprocessor.apply(certain)["species"].tolist() == [[0.5, 0.5]]


def test_postprocessor_thresholds_follow_kept_classes(class_list) -> None:
    model = info(thresholds={"species": {"fox": 0.8, "deer": 0.1}})
    assert top(make_postprocessor(model, class_list=class_list("fox", "wolf"))) == (
        "unknown",
        pytest.approx(0.75),
    )


@pytest.mark.parametrize(
    ("lines", "error", "message"),
    [
        (
            ["fxo"],
            UsageError,
            "has a class 'fxo' that the model doesn't have: did you mean 'fox'",
        ),
        (
            ["none"],
            UsageError,
            (
                "class 'none' belongs to 'species' and to 'sex':"
                " write a CSV with the columns label,class"
            ),
        ),
        (["label,class", "specis,fox"], UsageError, "a label 'specis' .*: did you mean 'species'"),
        (
            ["class,label", "m,species"],
            UsageError,
            "a class 'm' that the model doesn't have for 'species'",
        ),
        (["", " "], InputError, "is empty: write one class per line"),
    ],
)
def test_postprocessor_refuses_invalid_class_list(
    class_list, lines, error: type[CtcError], message: str
) -> None:
    with pytest.raises(error, match=message):
        make_postprocessor(info(), class_list=class_list(*lines))


def test_postprocessor_refuses_missing_class_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the class list '.*' is not there"):
        make_postprocessor(info(), class_list=tmp_path / "gone.txt")
