"""Multi-hot encoding of the ground truth."""

from __future__ import annotations

from ctc.evaluation.answers.multi_label_truth import encode_multi_hot

CLASSES = ("empty", "fox", "wolf")
SEEN = [("fox",), ("wolf",), ("fox", "wolf"), ("fox", "bear"), ()]


def test_encode_multi_hot_marks_all_classes_and_counts_foreign_ones() -> None:
    rows, foreign = encode_multi_hot(SEEN, CLASSES)
    assert rows.tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0], [-1, -1, -1]]
    assert foreign == {"bear": 1}
