"""Summary of an inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.inventory.box_counts import NO_CATEGORY, BoxCounts
from ctc.inventory.checks.photo_uses import photo_uses
from ctc.inventory.show import ClassCounts, LocationCounts, SharedPhoto, TimeSpan, summarize

ROWS: dict[str, list[Any]] = {
    "event_id": ["a", "a", "b", "c"],
    "images": [["1.jpg", "2.jpg"], ["1.jpg", "2.jpg"], ["2.jpg"], []],
    "species": ["fox", "hare", "fox", None],
}


def inventory(left_out: dict[str, int] | None = None, **meta: Any) -> Inventory:
    return Inventory(pa.table({**ROWS, **meta}), ("species",), Path("/photos"), left_out or {})


def test_summarize_counts_observations_events_and_photos() -> None:
    summary = summarize(inventory())
    assert (summary.observations, summary.events, summary.photos) == (4, 3, 2)


def test_summarize_sorts_classes_by_count() -> None:
    counts = summarize(inventory()).labels["species"]
    assert counts == ClassCounts({"fox": 2, "hare": 1}, missing=1)
    assert list(counts.classes) == ["fox", "hare"]


def test_summarize_takes_location_of_first_row() -> None:
    summary = summarize(inventory(location=["pond", "wood", "wood", None]))
    assert summary.locations == {"pond": LocationCounts(1, 2), "wood": LocationCounts(1, 1)}
    assert summary.no_location == 1


def test_summarize_accepts_numeric_locations() -> None:
    assert summarize(inventory(location=[7, 7, 7, 9])).locations == {
        "7": LocationCounts(2, 3),
        "9": LocationCounts(1, 0),
    }


def test_summarize_has_no_locations_without_column() -> None:
    assert summarize(inventory()).locations is None


def test_summarize_counts_photos_and_observations_per_event() -> None:
    summary = summarize(inventory())
    assert summary.photos_per_event == {0: 1, 1: 1, 2: 1}
    assert summary.observations_per_event == {1: 2, 2: 1}


def test_summarize_lists_photos_shared_by_events_only() -> None:
    summary = summarize(inventory())
    assert summary.shared_photos == 1
    assert summary.first_shared == (SharedPhoto("2.jpg", 2, ("a", "b")),)


@pytest.mark.parametrize(
    ("times", "span"),
    [
        (
            ["2024-03-01 06:00:00", "2023-12-31T23:59:59", "last week", None],
            TimeSpan("2023-12-31T23:59:59", "2024-03-01T06:00:00", missing=1, unclear=1),
        ),
        (
            ["2024-03-01", "", "2024:03:01 06:00:00", "3/1/2024"],
            TimeSpan("2024-03-01", "2024-03-01", 0, 3),
        ),
        ([None, None, None, None], TimeSpan(None, None, missing=4, unclear=0)),
        (
            [["2024-03-01", None], ["2024-03-02"], [], None],
            TimeSpan("2024-03-01", "2024-03-02", missing=1, unclear=0),
        ),
        (
            pa.array([0, 86400, None, None], pa.timestamp("s")),
            TimeSpan("1970-01-01T00:00:00", "1970-01-02T00:00:00", missing=2, unclear=0),
        ),
    ],
)
def test_summarize_time_span_counts_missing_and_unclear(times: Any, span: TimeSpan) -> None:
    assert summarize(inventory(datetime=times)).time == span


def test_summarize_has_no_time_span_without_column() -> None:
    assert summarize(inventory()).time is None


def test_summarize_counts_distinct_meta_values_also_in_lists() -> None:
    summary = summarize(
        inventory(
            site=["x", "y", "x", None], box=[[0.1, None], [0.1, 0.2], [], None], empty=[None] * 4
        )
    )
    assert summary.meta == {"site": 2, "box": 2, "empty": 0}


def test_summarize_returns_left_out() -> None:
    assert summarize(inventory(left_out={"corrupt": 3})).left_out == {"corrupt": 3}


def test_summarize_handles_chunked_columns() -> None:
    whole = inventory(location=["pond", "wood", "wood", None])
    chunked = pa.concat_tables([whole.table.slice(row, 1) for row in range(4)])
    assert summarize(Inventory(chunked, whole.labels, whole.image_root)) == summarize(whole)


def test_summarize_empty_inventory() -> None:
    empty = inventory(location=["pond", "wood", "wood", None])
    summary = summarize(Inventory(empty.table.slice(0, 0), empty.labels, empty.image_root))
    assert (summary.observations, summary.events, summary.photos, summary.locations) == (
        0,
        0,
        0,
        {},
    )


def test_photo_uses_lists_events_of_photo() -> None:
    uses = photo_uses(inventory())
    assert [uses.paths.to_pylist(), uses.events_of(0), uses.events_of(1)] == [
        ["1.jpg", "2.jpg"],
        ["a"],
        ["a", "b"],
    ]


FOX = '[{"bbox": [0.1, 0.1, 0.2, 0.2], "category": "animal", "conf": 0.9}]'
BOTH = FOX[:-1] + ', {"bbox": [0.5, 0.1, 0.2, 0.2], "category": "person"}]'


def test_summarize_counts_the_boxes_of_each_photo_once() -> None:
    boxes = [[FOX, BOTH], [FOX, BOTH], [BOTH], []]
    assert summarize(inventory(detections=boxes)).boxes == BoxCounts(2, {"animal": 2, "person": 1})


def test_summarize_counts_boxes_without_a_category() -> None:
    boxes = [['[{"bbox": [0, 0, 1, 1]}]', None], None, [None], []]
    assert summarize(inventory(detections=boxes)).boxes == BoxCounts(1, {NO_CATEGORY: 1})


def test_summarize_counts_the_surest_boxes_where_there_are_no_others() -> None:
    left = [[0.1, None], [0.1, None], [None], []]
    assert summarize(inventory(box_x=left)).boxes == BoxCounts(1, {NO_CATEGORY: 1})


def test_summarize_has_no_boxes_without_column() -> None:
    assert summarize(inventory()).boxes is None
