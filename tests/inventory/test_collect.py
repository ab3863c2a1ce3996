"""Observations become a table, whatever comes when, and however many at a time."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctc.errors import PluginError, UsageError
from ctc.inventory.left_out import LeftOutLog
from ctc.inventory.table_builder import build_table
from ctc.plugin import LeftOut, Observation


def seen(number: int, meta: dict[str, Any] | None = None, **labels: str | None) -> Observation:
    return Observation(str(number), (f"{number}.jpg",), labels or {"species": "fox"}, meta or {})


def column(values: list[Any], at_once: int = 2) -> pa.ChunkedArray:
    """The column that these meta values become."""
    table, _ = build_table(
        [seen(i, {"x": value}) for i, value in enumerate(values)], LeftOutLog(), at_once
    )
    return table["x"]


def test_labels_and_meta_columns_may_come_late_and_are_null_before() -> None:
    entries = [
        seen(1),
        seen(2),
        seen(3, {"site": "A"}, species="hare", count="2"),
        seen(4, None, count="1"),
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
    ],
)
def test_a_meta_column_has_the_kind_that_all_its_values_fit(
    values: list[Any], expected: list[Any], kind: Any
) -> None:
    assert column(values).type == kind
    assert column(values).to_pylist() == expected


@given(
    st.lists(st.none() | st.integers(-9, 9) | st.text("ab1", max_size=2), max_size=12),
    st.integers(1, 12),
)
def test_it_makes_no_difference_how_many_are_taken_at_once(values: list[Any], at_once: int) -> None:
    entries = [seen(0), *(seen(i, {"x": value}) for i, value in enumerate(values))]
    assert build_table(entries, LeftOutLog(), at_once)[0].equals(
        build_table(entries, LeftOutLog())[0]
    )


def test_no_more_than_a_piece_is_held_as_objects() -> None:
    alive: weakref.WeakSet[Seen] = weakref.WeakSet()
    most = 0

    def entries() -> Iterator[Observation]:
        nonlocal most
        for i in range(100):
            alive.add(entry := Seen(str(i), ("a.jpg",), {"species": "fox"}))
            most = max(most, len(alive))
            yield entry

    build_table(entries(), LeftOutLog(), chunk_size=10)
    assert 10 <= most <= 21


class Seen(Observation):
    """An observation that a weak reference may point to."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__


def test_names_that_are_no_unicode_cost_their_observation_only() -> None:
    left_out = LeftOutLog()
    entries = [
        seen(1),
        Observation("2", ("\udcff.jpg",), {"species": "fox"}),
        seen(3, None, species="\ud800"),
        seen(4),
    ]
    table, _ = build_table(entries, left_out)
    assert table["event_id"].to_pylist() == ["1", "4"]
    assert left_out.counts == {"a name that is not Unicode: rename the file": 2}


def test_an_observation_without_photos_is_left_out() -> None:
    left_out = LeftOutLog()
    table, _ = build_table(
        [Observation("1", (), {"species": "fox"}), LeftOut("2", "no label"), seen(3)], left_out
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
def test_what_a_format_may_not_give_is_its_fault(entry: Any) -> None:
    with pytest.raises(PluginError, match="an input format gave"):
        build_table([entry], LeftOutLog())


@pytest.mark.parametrize("meta", ["species", "event_id", "images"])
def test_a_name_belongs_to_one_column(meta: str) -> None:
    with pytest.raises(UsageError, match=f"'{meta}' can't be used"):
        build_table([seen(1, {meta: "x"}, species="fox")], LeftOutLog())
