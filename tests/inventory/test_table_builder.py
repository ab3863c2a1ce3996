"""Conversion of observations to a table, chunk by chunk."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctc.errors import PluginError, UsageError
from ctc.inventory.left_out import LeftOutLog
from ctc.inventory.table_builder import build_table
from ctc.plugin import Box, LeftOut, Observation


def observation(
    number: int, meta: dict[str, Any] | None = None, **labels: str | None
) -> Observation:
    return Observation(str(number), (f"{number}.jpg",), labels or {"species": "fox"}, meta or {})


def build_column(values: list[Any], chunk_size: int = 2) -> pa.ChunkedArray:
    """Return the column that is built from these meta values."""
    table, _ = build_table(
        [observation(i, {"x": value}) for i, value in enumerate(values)], LeftOutLog(), chunk_size
    )
    return table["x"]


def test_build_table_makes_columns_of_boxes() -> None:
    boxes = (Box(0.1, 0.2, 0.3, 0.4, confidence=0.9), None)
    entries = [
        replace(observation(1), images=("a.jpg", "b.jpg"), boxes=boxes),
        observation(2),
        replace(observation(3), boxes=(Box(0.5, 0.6, 0.1, 0.2),)),
    ]
    table, labels = build_table(entries, LeftOutLog())
    assert labels == ("species",)
    assert table["box_x"].to_pylist() == [[0.1, None], None, [0.5]]
    assert table["box_h"].to_pylist() == [[0.4, None], None, [0.2]]
    assert table["box_conf"].to_pylist() == [[0.9, None], None, None]


def test_build_table_rejects_boxes_for_other_images() -> None:
    with pytest.raises(PluginError, match="gave the event '1' 1 boxes for 2 images"):
        build_table(
            [replace(observation(1), images=("a.jpg", "b.jpg"), boxes=(None,))], LeftOutLog()
        )


def test_build_table_fills_late_columns_with_null() -> None:
    entries = [
        observation(1),
        observation(2),
        observation(3, {"site": "A"}, species="hare", count="2"),
        observation(4, None, count="1"),
    ]
    table, labels = build_table(entries, LeftOutLog(), chunk_size=1)
    assert labels == ("species", "count")
    assert table.to_pylist()[2] == {
        "event_id": "3",
        "images": ["3.jpg"],
        "species": "hare",
        "count": "2",
        "site": "A",
    }
    assert table["species"].to_pylist() == ["fox", "fox", "hare", None]
    assert table["site"].to_pylist() == [None, None, "A", None]


@pytest.mark.parametrize(
    ("values", "expected", "kind"),
    [
        ([1, 2, 3], [1, 2, 3], pa.int64()),
        ([1, 2, None, 2.5], [1.0, 2.0, None, 2.5], pa.float64()),
        ([1, 2, "3a", None], ["1", "2", "3a", None], pa.string()),
        ([None, None, True, False], [None, None, True, False], pa.bool_()),
        ([1, 2, True, False], ["1", "2", "True", "False"], pa.string()),
        ([None, None, None], [None, None, None], pa.string()),
        ([2**60 + 1, 1, 0.5], ["1152921504606846977", "1", "0.5"], pa.string()),
        ([2**80, 1, 2], [str(2**80), "1", "2"], pa.string()),
        ([(1, None), None, (0.5,), ()], [[1.0, None], None, [0.5], []], pa.list_(pa.float64())),
        ([None, None, (1,)], [None, None, [1.0]], pa.list_(pa.float64())),
        ([("a", None), None, ("b",)], [["a", None], None, ["b"]], pa.list_(pa.string())),
        (
            [(None, None), (None,), ("b",)],
            [[None, None], [None], ["b"]],
            pa.list_(pa.string()),
        ),
        ([(None,), None, (None,)], [[None], None, [None]], pa.list_(pa.float64())),
        ([("a",), ("b",), (1,)], ["['a']", "['b']", "[1.0]"], pa.string()),
    ],
    ids=[
        "ints",
        "floats",
        "text",
        "flags",
        "flags and ints",
        "nothing",
        "precise",
        "huge",
        "lists",
        "late lists",
        "lists of text",
        "late lists of text",
        "lists of nothing",
        "lists of text and of numbers",
    ],
)
def test_build_table_infers_type_of_meta_column(
    values: list[Any], expected: list[Any], kind: Any
) -> None:
    assert build_column(values).type == kind
    assert build_column(values).to_pylist() == expected


@given(
    st.lists(st.none() | st.integers(-9, 9) | st.text("ab1", max_size=2), max_size=12),
    st.integers(1, 12),
)
def test_build_table_is_independent_of_chunk_size(values: list[Any], chunk_size: int) -> None:
    entries = [observation(0), *(observation(i, {"x": value}) for i, value in enumerate(values))]
    assert build_table(entries, LeftOutLog(), chunk_size)[0].equals(
        build_table(entries, LeftOutLog())[0]
    )


def test_build_table_holds_one_chunk_of_objects() -> None:
    alive: weakref.WeakSet[WeakObservation] = weakref.WeakSet()
    most = 0

    def entries() -> Iterator[Observation]:
        nonlocal most
        for i in range(100):
            alive.add(entry := WeakObservation(str(i), ("a.jpg",), {"species": "fox"}))
            most = max(most, len(alive))
            yield entry

    build_table(entries(), LeftOutLog(), chunk_size=10)
    assert 10 <= most <= 21


class WeakObservation(Observation):
    """An observation that supports weak references."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__


def test_build_table_leaves_out_observations_with_invalid_unicode() -> None:
    left_out = LeftOutLog()
    entries = [
        observation(1),
        Observation("2", ("\udcff.jpg",), {"species": "fox"}),
        observation(3, None, species="\ud800"),
        observation(4),
    ]
    table, _ = build_table(entries, left_out)
    assert table["event_id"].to_pylist() == ["1", "4"]
    assert left_out.counts == {"a name that is not Unicode: rename the file": 2}


def test_build_table_leaves_out_observation_without_photos() -> None:
    left_out = LeftOutLog()
    table, _ = build_table(
        [Observation("1", (), {"species": "fox"}), LeftOut("2", "no label"), observation(3)],
        left_out,
    )
    assert table["event_id"].to_pylist() == ["3"]
    assert left_out.counts == {"no image": 1, "no label": 1}


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        Observation(1, ("a.jpg",), {"species": "fox"}),
        Observation("1", ("a.jpg",), {"count": 2}),
    ],
)
def test_build_table_raises_plugin_error_for_invalid_entry(entry: Any) -> None:
    with pytest.raises(PluginError, match="an input format gave"):
        build_table([entry], LeftOutLog())


@pytest.mark.parametrize("meta", ["species", "event_id", "images"])
def test_build_table_refuses_duplicate_column_name(meta: str) -> None:
    with pytest.raises(UsageError, match=f"'{meta}' can't be used"):
        build_table([observation(1, {meta: "x"}, species="fox")], LeftOutLog())
