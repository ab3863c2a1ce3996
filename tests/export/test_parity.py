"""Comparison of the predictions of two models, with results computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.export.parity import LabelledPredictions, LabelParity, compare, run_model

TRUE = {"species": np.array([0, 1, 1, -1], np.int32)}
TRAINED = {"species": np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]], np.float32)}
EXPORTED = {"species": np.array([[0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9]], np.float32)}


def test_compare_counts_agreement_and_accuracy() -> None:
    parity = compare(
        LabelledPredictions(TRAINED, TRUE), LabelledPredictions(EXPORTED, TRUE), "test"
    )
    assert (parity.split, parity.photos) == ("test", 4)
    assert parity.largest_difference == pytest.approx(0.2)
    assert parity.labels == {
        "species": LabelParity(0.75, 3, pytest.approx(2 / 3), pytest.approx(1 / 3))
    }
    assert list(parity.lines()) == [
        "parity on 4 photos of 'test': max abs difference 0.2",
        "  species: same class for 75.0%; accuracy 0.667 before, 0.333 after",
    ]


def test_compare_without_known_classes_has_no_accuracy() -> None:
    unknown = {"species": np.full(4, -1, np.int32)}
    parity = compare(
        LabelledPredictions(TRAINED, unknown), LabelledPredictions(TRAINED, unknown), "test"
    )
    assert parity.labels["species"] == LabelParity(1.0, 0, None, None)
    assert list(parity.lines())[1:] == ["  species: same class for 100.0%"]


def test_compare_multi_label_agreement_and_accuracy() -> None:
    true = {"species": np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1], [-1, -1, -1]], np.int32)}
    trained = {
        "species": np.array(
            [[0.9, 0.6, 0.1], [0.4, 0.1, 0.2], [0.1, 0.2, 0.7], [0.6, 0.5, 0.4]], np.float32
        )
    }
    exported = {
        "species": np.array(
            [[0.6, 0.9, 0.2], [0.1, 0.4, 0.2], [0.1, 0.6, 0.7], [0.6, 0.5, 0.4]], np.float32
        )
    }
    parity = compare(
        LabelledPredictions(trained, true), LabelledPredictions(exported, true), "test"
    )
    assert parity.labels["species"] == LabelParity(
        0.75, 3, pytest.approx(2 / 3), pytest.approx(1.0)
    )


def test_parity_agreement_is_that_of_the_worst_label() -> None:
    both = dict.fromkeys(("same", "other"), TRUE["species"])
    trained = {"same": TRAINED["species"], "other": TRAINED["species"]}
    exported = {"same": TRAINED["species"], "other": EXPORTED["species"]}
    assert (
        compare(
            LabelledPredictions(trained, both), LabelledPredictions(exported, both), "test"
        ).agreement
        == 0.75
    )


def test_compare_keeps_nan() -> None:
    broken = {"species": np.where(np.arange(4)[:, None] == 2, np.nan, TRAINED["species"])}
    assert np.isnan(
        compare(
            LabelledPredictions(TRAINED, TRUE), LabelledPredictions(broken, TRUE), "test"
        ).largest_difference
    )


def test_run_model_concatenates_batches_in_order() -> None:
    batches = [
        (np.full((n, 2, 2, 3), n, np.uint8), {"species": np.full(n, n, np.int32)}) for n in (2, 1)
    ]
    answers = run_model(lambda images: {"species": images[:, 0, 0, :2].astype(np.float32)}, batches)
    assert answers.probabilities["species"].tolist() == [[2, 2], [2, 2], [1, 1]]
    assert answers.targets["species"].tolist() == [2, 2, 1]


def test_run_model_refuses_no_photos() -> None:
    with pytest.raises(InputError, match="no photo to compare"):
        run_model(lambda images: {}, [])
