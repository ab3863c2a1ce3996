"""label_errors.csv and to_label.csv."""

from __future__ import annotations

import csv

import numpy as np

from ctc.evaluation.worklists.review_lists import Disagreements, write_label_errors, write_to_label


def test_review_lists_have_paths_and_locations(make_data, tmp_path) -> None:
    truth = [0] * 5 + [1] * 5 + [0, -1]
    probabilities = [[0.9, 0.1]] * 5 + [[0.1, 0.9]] * 5 + [[0.05, 0.95], [0.5, 0.5]]
    data = make_data(
        truth,
        probabilities,
        ["deer", "fox"],
        location=np.zeros(12, np.int32),
        locations=("north, 1",),
    )
    assert write_label_errors(data, tmp_path / "errors.csv") == Disagreements(11, 1, 1)
    assert write_to_label(data, tmp_path / "label.csv") == 1
    with (tmp_path / "errors.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [
            {
                "label": "species", "event_id": "event 10", "path": "photos/10.jpg",
                "location": "north, 1", "labelled": "deer", "suggested": "fox",
                "p_labelled": "0.0500", "p_suggested": "0.9500", "confident": "yes",
            }
        ]  # fmt: skip
    with (tmp_path / "label.csv").open(newline="") as file:
        assert [
            (row["path"], row["predicted"], row["uncertainty"]) for row in csv.DictReader(file)
        ] == [("photos/11.jpg", "deer", "1.0000")]


def test_review_lists_for_excel_escape_formulas(make_data, tmp_path) -> None:
    truth, probabilities = [0, 0, 0, 1, 1, 1, 0], [[0.9, 0.1]] * 3 + [[0.1, 0.9]] * 4
    data = make_data(truth, probabilities, ["=deer()", "fox"])
    write_label_errors(data, tmp_path / "errors.csv", for_excel=True)
    text = (tmp_path / "errors.csv").read_text(encoding="utf-8")
    assert text.startswith("\ufefflabel,event_id,")
    assert ",'=deer(),fox," in text


def test_to_label_leaves_out_labels_without_any_ground_truth(make_data, tmp_path) -> None:
    data = make_data([-1, -1], [[0.9, 0.1], [0.5, 0.5]], ["deer", "fox"])
    assert write_to_label(data, tmp_path / "label.csv") == 0
