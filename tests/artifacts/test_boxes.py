from __future__ import annotations

from ctc.artifacts.boxes import Box, boxes_from_columns


def test_boxes_from_columns_gives_a_box_per_photo() -> None:
    columns = [[0.1, None], [0.2, 0.2], [0.3, 0.3], [0.4, 0.4]]
    assert boxes_from_columns(columns, 3) == (Box(0.1, 0.2, 0.3, 0.4), None, None)


def test_boxes_from_columns_without_values_is_none() -> None:
    assert boxes_from_columns([], 2) == (None, None)
    assert boxes_from_columns([[0.1], None, [0.3], [0.4]], 1) == (None,)
