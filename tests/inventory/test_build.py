"""Building an inventory from the observations of an input format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError, UsageError
from ctc.inventory.build import build_inventory
from ctc.inventory.config import InventoryConfig
from ctc.inventory.show import summary_lines
from ctc.plugin import InputFormat, LeftOut, Observation

ENTRIES = [
    Observation(
        "1", ("a.jpg", "b.jpg"), {"species": "fox", "count": "2"}, {"site": "A", "altitude": 10}
    ),
    LeftOut("row 3", "no image"),
    Observation(
        "2", ("c.jpg",), {"species": "hare", "count": None}, {"site": None, "altitude": 12}
    ),
]


def make_format(entries: list[Observation | LeftOut]) -> InputFormat:
    def read(source: Path, options: object) -> Iterator[Observation | LeftOut]:
        return iter(entries)

    return InputFormat("test", "", Path.is_dir, read, lambda source, _: source)


def test_build_inventory_round_trips_through_file(tmp_path: Path) -> None:
    result = build_inventory(make_format(ENTRIES), tmp_path, {})
    result.inventory.write(tmp_path / "inventory.parquet")
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


def test_build_inventory_counts_missing_photos(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    result = build_inventory(make_format(ENTRIES), tmp_path, {})
    assert (result.checked_photos, result.missing_photos) == (3, 2)


def test_build_inventory_checks_relabel_file_before_reading_source(tmp_path: Path) -> None:
    (tmp_path / "relabel.csv").write_text("from,to\nfox,hare\n")
    with pytest.raises(UsageError, match="has no column 'old'"):
        build_inventory(
            make_format([]), tmp_path, {}, config=InventoryConfig(relabel=tmp_path / "relabel.csv")
        )


def test_build_inventory_refuses_label_with_reserved_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'images'"):
        build_inventory(
            make_format([Observation("1", ("a.jpg",), {"images": "fox"})]), tmp_path, {}
        )


def test_summary_lines_counts_events_photos_classes_and_missing(tmp_path: Path) -> None:
    lines = list(summary_lines(build_inventory(make_format(ENTRIES), tmp_path, {}).inventory))
    assert lines[0] == "2 observations of 2 events with 3 photos"
    assert lines[2] == "count: 2 (1); missing (1)"


def test_inventory_read_refuses_other_parquet_file(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(UsageError, match="not an inventory"):
        Inventory.read(tmp_path / "x.parquet")


def test_build_inventory_fills_location_before_relabelling(
    tmp_path: Path,
) -> None:
    entries = [
        Observation(str(i), (f"{name}/north/{i}.jpg",), {"class": name})
        for i, name in enumerate(("fox", "hare"))
    ]
    (tmp_path / "names.csv").write_text("label,old,new\nclass,fox,Vulpes vulpes\n")
    config = InventoryConfig(relabel=tmp_path / "names.csv", location_from="folder")
    table = build_inventory(make_format(entries), tmp_path, {}, config=config).inventory.table
    assert table["class"].to_pylist() == ["Vulpes vulpes", "hare"]
    assert table["location"].to_pylist() == ["north", "north"]


def test_summary_lines_of_a_label_without_any_class(tmp_path: Path) -> None:
    entries = [Observation("1", ("a.jpg",), {"species": "fox", "standing": None})]
    lines = list(summary_lines(build_inventory(make_format(entries), tmp_path, {}).inventory))
    assert lines[1:] == ["species: fox (1)", "standing: missing (1)"]


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ([], "gives no observation$"),
        (["no image"], "gives no observation: 1 entry was left out, no image$"),
        (["no image"] * 3, "gives no observation: 3 entries were left out, no image$"),
        (["no image", "no image", "x"], "2 entries were left out, no image, and 1 for other reaso"),
    ],
)
def test_build_inventory_tells_why_there_is_no_observation(
    reasons: list[str], told: str, tmp_path: Path
) -> None:
    entries = [LeftOut(f"row {number}", reason) for number, reason in enumerate(reasons)]
    with pytest.raises(InputError, match=told):
        build_inventory(make_format(entries), tmp_path, {})
