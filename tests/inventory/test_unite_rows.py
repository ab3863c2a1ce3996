"""Rows of one event are united: photos of all of them, equal observations once."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.inventory.unite_rows import unite_event_rows


def unite(*rows: dict[str, Any], labels: tuple[str, ...] = ("species",)) -> list[dict[str, Any]]:
    table = pa.Table.from_pylist(list(rows))
    found = unite_event_rows(Inventory(table, labels, Path("photos"))).table
    assert found.schema == table.schema
    united: list[dict[str, Any]] = found.to_pylist()
    return united


def row(event: str, photos: str, species: str | None, **meta: Any) -> dict[str, Any]:
    return {"event_id": event, "images": photos.split(), "species": species, **meta}


def test_unite_event_rows_joins_photos_and_keeps_equal_observation_once() -> None:
    rows = [row("1", "a b", "fox"), row("2", "c", "fox"), row("1", "d b", "hare")]
    assert unite(*rows, row("1", "e", "fox"), row("2", "c", None)) == [
        row("1", "a b d e", "fox"),
        row("2", "c", "fox"),
        row("1", "a b d e", "hare"),
        row("2", "c", None),
    ]


def test_unite_event_rows_keeps_the_largest_count_of_different_photos() -> None:
    rows = [
        row("1", "a", "fox", count="1"),
        row("1", "b", "fox", count="3"),
        row("1", "c", "hare", count=None),
        row("2", "d", "fox", count="1"),
        row("2", "d", "fox", count="2"),
    ]
    assert unite(*rows, labels=("species", "count")) == [
        row("1", "a b c", "fox", count="3"),
        row("1", "a b c", "hare", count=None),
        row("2", "d", "fox", count="1"),
        row("2", "d", "fox", count="2"),
    ]


def test_unite_event_rows_tells_the_most_in_a_photo() -> None:
    labels = ("species", "count", "sex")
    rows = [
        row("1", "a", "fox", count="1", sex="male"),
        row("1", "b", "fox", count="2", sex=None),
        row("2", "c", "fox", count="1", sex="male"),
        row("2", "c", "fox", count="1", sex="female"),
        row("2", "d", "fox", count="1", sex="male"),
    ]
    found = unite_event_rows(Inventory(pa.Table.from_pylist(rows), labels, Path())).table
    assert found["most_in_a_photo"].to_pylist() == [2, 2, None, None]


def test_unite_event_rows_keeps_order_of_rows_in_non_contiguous_events() -> None:
    rows = [row("2", "z", "fox"), row("1", "y", "fox"), row("2", "a", "fox")]
    assert unite(*rows) == [row("2", "z a", "fox"), row("1", "y", "fox")]


def test_unite_event_rows_unites_values_per_photo() -> None:
    rows = [
        row("1", "a b", "fox", box=[1.0, None], site="A"),
        row("2", "c", "fox", box=[2.0], site="A"),
        row("1", "d", "fox", box=None, site="A"),
        row("1", "e b", "fox", box=[3.0, 4.0], site="A"),
        row("2", "c", "fox", box=[5.0], site="A"),
    ]
    assert unite(*rows) == [
        row("1", "a b d e", "fox", box=[1.0, None, None, 3.0], site="A"),
        row("2", "c", "fox", box=[2.0], site="A"),
        row("2", "c", "fox", box=[5.0], site="A"),
    ]


def test_unite_event_rows_tells_what_was_united_and_what_differs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = [row("1", name, "fox", site="A", time=name) for name in "abc"]
    with caplog.at_level(logging.INFO):
        unite(*rows, row("2", "a", "fox", site="A", time="a"))
    assert caplog.messages == [
        "united the photos of several rows: 3 photos of 1 event",
        "2 rows repeat an earlier observation of the same event: counted once",
        "2 of them differ in 'time' from the first row of the same event, whose value is kept",
    ]


def test_unite_event_rows_lets_blank_photos_give_way(caplog: pytest.LogCaptureFixture) -> None:
    rows = [row("1", "a", "empty"), row("1", "b", "fox"), row("2", "c", "empty")]
    rows += [row("2", "d", "fox"), row("2", "d", "hare"), row("3", "e", "empty")]
    rows += [row("4", "f", "fox"), row("4", "f", "empty")]
    with caplog.at_level(logging.INFO):
        assert unite(*rows) == [
            row("1", "a b", "fox"),
            row("2", "c d", "fox"),
            row("2", "c d", "hare"),
            row("3", "e", "empty"),
            row("4", "f", "fox"),
            row("4", "f", "empty"),
        ]
    assert caplog.messages[1:] == ["2 events with blank photos shown as what else is in them"]


def test_unite_event_rows_changes_nothing_without_repeated_events(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = [row("1", "a a", "fox"), row("2", "a", "fox")]
    with caplog.at_level(logging.INFO):
        assert unite(*rows) == rows
    assert not caplog.messages
