"""Grouping of single photos into events."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError, UsageError
from ctc.inventory.config import InventoryConfig
from ctc.inventory.grouping import check_groupable, group_photos

NOON = "2026-01-01T12:00:00"


def inventory(rows: list[dict[str, Any]]) -> Inventory:
    """Return an inventory of foxes at location A at noon, unless a row says otherwise.

    Each photo is named after its event.
    """
    full = [
        {
            "event_id": row["id"],
            "images": [f"{row['id']}.jpg"],
            "species": "fox",
            "datetime": NOON,
            "location": "A",
        }
        | row
        for row in rows
    ]
    table = pa.Table.from_pylist(full).drop_columns(["id"])
    return Inventory(pa.concat_tables([table.slice(0, 1), table.slice(1)]), ("species",), Path())


def group(*rows: dict[str, Any], seconds: float = 60) -> list[dict[str, Any]]:
    grouped: list[dict[str, Any]] = group_photos(inventory(list(rows)), seconds)[
        0
    ].table.to_pylist()
    return grouped


def photos_of(*rows: dict[str, Any], seconds: float = 60) -> list[list[str]]:
    return [row["images"] for row in group(*rows, seconds=seconds)]


def at(time: str) -> dict[str, str]:
    return {"id": time, "datetime": f"2026-01-01T{time}"}


def test_group_photos_takes_id_and_time_of_first_photo() -> None:
    (event,) = group({"id": "b", "datetime": "2026-01-01T12:00:30"}, {"id": "a"})
    assert event == {
        "event_id": "a",
        "images": ["a.jpg", "b.jpg"],
        "species": "fox",
        "datetime": NOON,
        "location": "A",
    }


def test_group_photos_separates_photos_at_long_gap() -> None:
    photos = (at("12:00:00"), at("12:01:00"), at("12:02:01"))
    assert photos_of(*photos) == [["12:00:00.jpg", "12:01:00.jpg"], ["12:02:01.jpg"]]
    assert len(photos_of(*photos, seconds=61)) == 1
    assert len(photos_of(*photos, seconds=59.999)) == 3


def test_group_photos_never_unites_locations() -> None:
    assert len(photos_of({"id": "a"}, {"id": "b", "location": "B"})) == 2


def test_group_photos_keeps_photos_without_time_or_location() -> None:
    rows = [{"id": "a"}, {"id": "b", "datetime": None}, {"id": "c", "datetime": None}]
    rows += [{"id": "d", "location": None}, {"id": "e", "location": None}, {"id": "f"}]
    assert [len(photos) for photos in photos_of(*rows)] == [2, 1, 1, 1, 1]


def test_group_photos_keeps_events_of_several_photos() -> None:
    burst = {"id": "b", "images": ["b1.jpg", "b2.jpg"]}
    assert photos_of({"id": "a"}, burst, {"id": "c"}) == [["a.jpg", "c.jpg"], ["b1.jpg", "b2.jpg"]]


def test_group_photos_keeps_distinct_observations_in_photo_order() -> None:
    rows = group(
        {"id": "b", "datetime": "2026-01-01T12:00:01", "species": "hare"},
        {"id": "b", "datetime": "2026-01-01T12:00:01", "species": "fox"},
        {"id": "a"},
        {"id": "a", "species": None},
        {"id": "c", "datetime": "2026-01-01T12:00:02", "species": None},
    )
    assert [row["species"] for row in rows] == ["fox", None, "hare"]
    assert {row["event_id"] for row in rows} == {"a"}
    assert {tuple(row["images"]) for row in rows} == {("a.jpg", "b.jpg", "c.jpg")}
    assert {row["datetime"] for row in rows} == {NOON}


def test_group_photos_keeps_the_largest_count_of_a_species() -> None:
    seen = [("fox", "2", None), ("hare", None, "A"), ("fox", "11-50", None), ("hare", "1", "B")]
    rows = [
        {"id": f"{i}", "datetime": f"2026-01-01T12:00:0{i}", "species": species, "count": count}
        | {"sex": sex, "site": f"{i}"}
        for i, (species, count, sex) in enumerate(seen)
    ]
    given = replace(inventory(rows), labels=("species", "count", "sex"))
    found = group_photos(given, 60)[0].table.to_pylist()
    assert [[row[name] for name in ("species", "count", "sex", "site")] for row in found] == [
        ["fox", "11-50", None, "0"],
        ["hare", None, "A", "1"],
        ["hare", "1", "B", "3"],
    ]


def test_group_photos_tells_the_most_in_a_photo_where_photos_disagree_about_sexes() -> None:
    seen = [("1", "male"), ("2", None), ("1", "male")]
    rows = [
        {**at(f"12:00:0{second}"), "count": count, "sex": sex}
        for second, (count, sex) in enumerate(seen)
    ]
    labels = ("species", "count", "sex")
    found = group_photos(replace(inventory(rows), labels=labels), 60)[0].table.to_pylist()
    assert [(one["count"], one["sex"], one["most_in_a_photo"]) for one in found] == [
        ("1", "male", 2),
        ("2", None, 2),
    ]


def test_group_photos_groups_photos_without_a_count() -> None:
    rows = [{"id": one, "count": None} for one in "ab"]
    elsewhere = {"id": "c", "count": "1", "location": "B"}
    given = replace(inventory([*rows, elsewhere]), labels=("species", "count"))
    found = group_photos(given, 60)[0].table.to_pylist()
    assert [(row["images"], row["count"]) for row in found] == [
        (["a.jpg", "b.jpg"], None),
        (["c.jpg"], "1"),
    ]


def test_group_photos_describes_result() -> None:
    rows = [{"id": "a"}, {"id": "b", "species": "hare"}, {"id": "c", "location": "C"}]
    description = group_photos(inventory(rows), 1)[1]
    assert description == (
        "grouped 2 single photos into 1 event; 1 event with several observations, which "
        "`ctc dataset` leaves out unless --keep-multi-observation is given"
    )


def test_group_photos_blank_gives_way_to_what_else_is_shown() -> None:
    rows = [{"id": "a", "species": "empty"}, {"id": "b"}, {"id": "c", "species": "Blank"}]
    rows += [{"id": "d", "species": "empty", "location": "B"}]
    rows += [{"id": "e", "species": "empty", "location": "B"}]
    grouped, description = group_photos(inventory(rows), 1)
    found = [(row["species"], row["images"]) for row in grouped.table.to_pylist()]
    assert found == [("fox", ["a.jpg", "b.jpg", "c.jpg"]), ("empty", ["d.jpg", "e.jpg"])]
    assert description == (
        "grouped 5 single photos into 2 events; 1 event with blank photos shown as what else is in "
        "them"
    )


def test_group_photos_blank_does_not_give_way_to_unknown() -> None:
    rows = group({"id": "a", "species": "empty"}, {"id": "b", "species": None})
    assert [row["species"] for row in rows] == ["empty", None]


def test_group_photos_keeps_people_beside_animals() -> None:
    kinds = ("vehicle", "empty", "human")
    rows = group(*({"id": kind, "species": kind} for kind in kinds))
    assert [row["species"] for row in rows] == ["vehicle", "human"]


def test_group_photos_leaves_default_clocks_alone(caplog: pytest.LogCaptureFixture) -> None:
    wrong = "2000-01-01T00:00:05"
    rows = [{"id": "a", "datetime": wrong}, {"id": "b", "datetime": wrong}, {"id": "c"}]
    assert len(photos_of(*rows)) == 3
    assert "2 of 3 events have a time that is the default of a camera's clock" in caplog.text


def test_group_photos_concatenates_values_per_image() -> None:
    rows = group(
        {"id": "a", "box_x": [0.1], "n": 1},
        {"id": "b", "box_x": None, "n": 2},
        {"id": "c", "box_x": [None], "n": 3},
        {"id": "d", "box_x": [0.4], "n": 4},
        {"id": "e", "box_x": [0.5], "n": 5, "location": "B"},
        {"id": "f", "box_x": None, "n": 6, "location": "C"},
    )
    assert [(row["box_x"], row["n"]) for row in rows] == [
        ([0.1, None, None, 0.4], 1),
        ([0.5], 5),
        (None, 6),
    ]


def test_group_photos_keeps_position_of_first_photo() -> None:
    rows = [{"id": "x", "location": "X"}, {"id": "b", "datetime": "2026-01-01T12:00:01"}]
    rows += [{"id": "y", "location": "Y"}, {"id": "a"}, {"id": "z", "location": "Z"}]
    assert [row["event_id"] for row in group(*rows)] == ["x", "y", "a", "z"]


@pytest.mark.parametrize(
    ("one", "other", "events"),
    [
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:00:30Z", 1),
        ("2026-01-01T12:00:00+02:00", "2026-01-01T12:00:30Z", 2),
        ("2026-01-01 12:00:00.500", "2026-01-01T12:01:00.400", 1),
        ("2026-01-01 12:00:00.500", "2026-01-01T12:01:00.501", 2),
    ],
)
def test_group_photos_compares_time_zones_and_fractions(one: str, other: str, events: int) -> None:
    assert len(group({"id": "a", "datetime": one}, {"id": "b", "datetime": other})) == events


def test_group_photos_warns_about_invalid_times(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(group({"id": "a"}, {"id": "b", "datetime": "01.01.2026 12:00"})) == 2
    assert caplog.messages == [
        (
            "1 value of 'datetime' without an ISO 8601 date and time (first: '01.01.2026 12:00'): "
            "these events are not grouped; --time-from datetime reads other ways to write them"
        )
    ]


@pytest.mark.parametrize("no_time", [None, "yesterday", "2026-01-01"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "no event has a 'datetime': add --time-from-mtime or --time-from, or omit"),
        (
            {"datetime": "2026-01-01T12:00:00", "location": None},
            "both a 'datetime' and a 'location'",
        ),
    ],
)
def test_group_photos_says_what_no_event_has(no_time: str | None, changes, message) -> None:
    with pytest.raises(InputError, match=message):
        group({"id": "a", "datetime": no_time}, {"id": "b", "datetime": no_time, **changes})


def test_group_photos_refuses_events_without_location() -> None:
    with pytest.raises(InputError, match="no event has a 'location': try another --location-from"):
        group({"id": "a", "location": None}, {"id": "b", "location": None})


def test_group_photos_refuses_numeric_times() -> None:
    with pytest.raises(UsageError, match="ISO 8601 times in 'datetime', which holds int64"):
        group({"id": "a", "datetime": 20260101})


@pytest.mark.parametrize(
    ("missing", "config", "message"),
    [
        ("datetime", InventoryConfig(location_from="folder"), "add --time-from-exif"),
        ("location", InventoryConfig(time_from_exif=True), "add --location-from"),
    ],
)
def test_check_groupable_requires_time_and_location(
    missing: str, config: InventoryConfig, message: str
) -> None:
    rows = inventory([{"id": "a"}])
    with pytest.raises(UsageError, match=message):
        check_groupable(Inventory(rows.table.drop_columns([missing]), rows.labels, Path()), config)
