"""Observations become an inventory that survives its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError, UsageError
from ctc.inventory.build import build_inventory
from ctc.inventory.config import InventoryConfig
from ctc.inventory.show import summarize
from ctc.plugin import InputFormat, LeftOut, Observation

SEEN = [
    Observation(
        "1", ("a.jpg", "b.jpg"), {"species": "fox", "count": "2"}, {"site": "A", "altitude": 10}
    ),
    LeftOut("row 3", "no image"),
    Observation(
        "2", ("c.jpg",), {"species": "hare", "count": None}, {"site": None, "altitude": 12}
    ),
]


def format_of(entries: list[Observation | LeftOut]) -> InputFormat:
    def read(source: Path, options: object) -> Iterator[Observation | LeftOut]:
        return iter(entries)

    return InputFormat("test", "", Path.is_dir, read, lambda source, _: source)


def test_an_inventory_comes_back_from_its_file(tmp_path: Path) -> None:
    built = build_inventory(format_of(SEEN), tmp_path, {})
    built.inventory.write(tmp_path / "inventory.parquet")
    inventory = Inventory.read(tmp_path / "inventory.parquet")
    assert inventory.labels == ("species", "count")
    assert inventory.meta == ("site", "altitude")
    assert inventory.image_root == tmp_path
    assert inventory.left_out == {"no image": 1}
    assert inventory.table.to_pylist()[1] == {
        "event_id": "2",
        "images": ["c.jpg"],
        "species": "hare",
        "count": None,
        "site": None,
        "altitude": 12,
    }


def test_the_first_photos_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    built = build_inventory(format_of(SEEN), tmp_path, {})
    assert (built.checked_photos, built.missing_photos) == (3, 2)


def test_the_photos_of_an_events_first_row_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        ("1", ("a.jpg", "b.jpg")),
        ("2", ("c.jpg",)),
        ("1", ("b.jpg",)),
        ("2", ("c.jpg",)),
        ("1", ("a.jpg", "b.jpg")),
    ]
    built = build_inventory(
        format_of([Observation(name, photos, {"species": "fox"}) for name, photos in rows]),
        tmp_path,
        {},
    )
    assert built.inventory.table["images"].to_pylist() == [["a.jpg", "b.jpg"], ["c.jpg"]] * 2 + [
        ["a.jpg", "b.jpg"]
    ]
    assert caplog.messages == [
        "1 observations named other photos than the first of their event: those of the first count"
    ]


def test_a_broken_list_of_renamings_stops_it_before_the_source_is_read(tmp_path: Path) -> None:
    (tmp_path / "relabel.csv").write_text("from,to\nfox,hare\n")
    with pytest.raises(UsageError, match="has no column 'old'"):
        build_inventory(
            format_of([]), tmp_path, {}, config=InventoryConfig(relabel=tmp_path / "relabel.csv")
        )


def test_a_source_without_observations_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no observation: no image \(1 times\)"):
        build_inventory(format_of([SEEN[1]]), tmp_path, {})


def test_a_label_may_not_take_a_name_of_ours(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'images'"):
        build_inventory(format_of([Observation("1", ("a.jpg",), {"images": "fox"})]), tmp_path, {})


def test_the_summary_counts_events_photos_classes_and_gaps(tmp_path: Path) -> None:
    lines = list(summarize(build_inventory(format_of(SEEN), tmp_path, {}).inventory))
    assert lines[0] == "2 observations of 2 events with 3 photos"
    assert lines[2] == "count: 2 1; missing 1"


def test_a_parquet_file_of_others_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="not an inventory"):
        Inventory.read(tmp_path / "x.parquet")


def test_a_place_below_a_class_folder_is_found_whatever_the_class_is_called_then(
    tmp_path: Path,
) -> None:
    seen = [
        Observation(str(i), (f"{name}/north/{i}.jpg",), {"class": name})
        for i, name in enumerate(("fox", "hare"))
    ]
    (tmp_path / "names.csv").write_text("label,old,new\nclass,fox,Vulpes vulpes\n")
    config = InventoryConfig(relabel=tmp_path / "names.csv", location_from="folder")
    table = build_inventory(format_of(seen), tmp_path, {}, config=config).inventory.table
    assert table["class"].to_pylist() == ["Vulpes vulpes", "hare"]
    assert table["location"].to_pylist() == ["north", "north"]
