"""Columns of several chunks, as those larger than one Arrow array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.arrow_columns import set_column, take


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3, None], pa.int64()),
        (["a", "b", "c", None], pa.string()),
        ([["a"], ["b", "c"], [], None], pa.list_(pa.string())),
        ([[0.5], [None], [], None], pa.list_(pa.float64())),
    ],
)
def test_take_across_chunks_keeps_type(values: list[Any], kind: pa.DataType) -> None:
    column = pa.chunked_array([pa.array(values[:1], kind), pa.array(values[1:], kind)])
    taken = take(column, np.array([3, 1, -1, 0, 1]))
    assert taken.type == kind
    assert taken.to_pylist() == [values[3], values[1], None, values[0], values[1]]


def test_take_no_rows_is_empty() -> None:
    assert take(pa.chunked_array([["a"]]), np.array([], np.int64)).to_pylist() == []


def test_set_column_replaces_or_appends() -> None:
    table = pa.table({"a": [1], "b": [2]})
    new = pa.chunked_array([[3]])
    assert set_column(table, "a", new).to_pylist() == [{"a": 3, "b": 2}]
    assert set_column(table, "c", new).to_pylist() == [{"a": 1, "b": 2, "c": 3}]
