"""CSVs with chosen columns: real tables of version 2.x, and unusable rows and tables."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins

OPTIONS: dict[str, Any] = {
    "event_id": "id",
    "image": ("image1", "image2"),
    "label": ("species", "count"),
    "meta": ("site",),
}
HEADER = "id,image1,image2,species,count,site\n"


def read(source: Path, **options: Any) -> list[Observation | LeftOut]:
    return list(plugins().get(InputFormat, "csv").read(source, OPTIONS | options))


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def images_of(tmp_path: Path, cell: str) -> tuple[str, ...]:
    path = tmp_path / "labels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER.strip().split(","), ["1", cell, "", "fox", "", ""]])
    (entry,) = read(path)
    assert isinstance(entry, Observation)
    return entry.images


def test_rows_of_one_event_share_first_images(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        HEADER + "1,,,fox,2,A\n2,z.jpg,,fox,1,\n1,x.jpg,./b/y.jpg,hare,,A\n1,w.jpg,,owl,,\n",
    )
    photos = ("x.jpg", "b/y.jpg")
    assert read(source) == [
        Observation("1", photos, {"species": "fox", "count": "2"}, {"site": "A"}),
        Observation("2", ("z.jpg",), {"species": "fox", "count": "1"}, {"site": None}),
        Observation("1", photos, {"species": "hare", "count": None}, {"site": "A"}),
        Observation("1", photos, {"species": "owl", "count": None}, {"site": None}),
    ]


def test_unusable_rows_are_left_out_with_line(tmp_path: Path) -> None:
    source = table(tmp_path, HEADER + ",x.jpg,,fox,1,\n2,,,fox,1,\n3,z.jpg,, ,-1,\n")
    assert read(source) == [
        LeftOut("labels.csv line 2", "no event id"),
        LeftOut("labels.csv line 3", "no image"),
        LeftOut("labels.csv line 4", "no label"),
    ]


def test_class_name_empty_and_minus_one_are_missing(tmp_path: Path) -> None:
    entries = read(table(tmp_path, HEADER + "1,a.jpg,,fox,-1,\n2,b.jpg,, hare ,,\n"))
    assert [entry.labels for entry in entries if isinstance(entry, Observation)] == [
        {"species": "fox", "count": None},
        {"species": "hare", "count": None},
    ]


def test_class_name_may_hold_comma_quote_newline_and_emoji(tmp_path: Path) -> None:
    source = table(tmp_path, HEADER + '1,a.jpg,,"fox, ""red""\n🦊",2,\r\n')
    assert read(source) == [
        Observation("1", ("a.jpg",), {"species": 'fox, "red"\n🦊', "count": "2"}, {"site": None}),
    ]


@pytest.mark.parametrize(
    ("cell", "path"),
    [
        ("S 1/my fox.jpg", "S 1/my fox.jpg"),
        (" Füchse/狐🦊.jpg ", "Füchse/狐🦊.jpg"),
        (".\\S1\\a.jpg", "S1/a.jpg"),
        ("../S1//x/../a.jpg", "../S1/a.jpg"),
        ("/archive/S1/../../../a.jpg", "/a.jpg"),
        ("C:\\archive\\S1\\..\\a.jpg", "C:/archive/a.jpg"),
        ("C:\\..\\a.jpg", "C:/a.jpg"),
        ("\\\\server\\share\\..\\a.jpg", "//server/share/a.jpg"),
    ],
)
def test_paths_are_normalized(tmp_path: Path, cell: str, path: str) -> None:
    assert images_of(tmp_path, cell) == (path,)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "id,image1,image2,specie,count,site",
            r"no column 'species': did you mean 'specie'\? its columns are 'id', 'im",
        ),
        ("id,image1,species", "no column 'image2', 'count', 'site'"),
        (
            "a,b",
            (
                "no column 'id', 'image1', 'image2', 'species', 'count', 'site': "
                "its columns are 'a', 'b'"
            ),
        ),
    ],
)
def test_missing_columns_are_named_with_existing_ones(
    tmp_path: Path, header: str, message: str
) -> None:
    with pytest.raises(UsageError, match=rf"labels\.csv' has {message}"):
        read(table(tmp_path, header + "\n"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,a.jpg,,fox,1,A,more\n", "line 2 has 7 cells, the header has 6"),
        ('1,a.jpg,,fox,1,A\n2,b.jpg,,"fox,1,A\n', "line 3 on: .* is there an unclosed quote"),
        ("1,a.jpg,,fox,1,A\n2,b.jpg,,f\0x,1,A\n", "line 3 has a NUL byte"),
    ],
)
def test_read_rejects_invalid_table_with_file_and_line(
    tmp_path: Path, rows: str, message: str
) -> None:
    with pytest.raises(InputError, match=rf"labels\.csv' .*{message}"):
        read(table(tmp_path, HEADER + rows))


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_read_rejects_missing_file_and_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(CtcError, match="does not exist: give the CSV with the labels"):
        read(tmp_path / name)


def test_read_version_2_table_with_one_photo_per_event(shared: Path) -> None:
    source = shared / "data/cats-and-dogs-labels/dataset_single_image_multi_species.csv"
    chosen = {
        "event_id": "capture_id",
        "image": ("image",),
        "label": ("species", "count"),
        "meta": ("moving",),
    }
    entries = read(source, **chosen)
    zebras = ("/path/capture_ele_zebra.jpg",)
    assert entries[4:] == [
        Observation(
            "ele_lion",
            ("/path/capture_ele_lion.jpg",),
            {"species": "Elephant", "count": "1"},
            {"moving": "1"},
        ),
        Observation(
            "ele_lion",
            ("/path/capture_ele_lion.jpg",),
            {"species": "Lion", "count": "2"},
            {"moving": "1"},
        ),
        LeftOut("dataset_single_image_multi_species.csv line 8", "no image"),
        Observation(
            "no_species",
            ("/path/capture_no_species.jpg",),
            {"species": None, "count": "2"},
            {"moving": "1"},
        ),
        Observation(
            "no_count",
            ("/path/capture_no_count.jpg",),
            {"species": "Wildebeest", "count": None},
            {"moving": "1"},
        ),
        Observation(
            "no_standing",
            ("/path/capture_no_standing.jpg",),
            {"species": "Wildebeest", "count": "5"},
            {"moving": "1"},
        ),
        Observation(
            "ele_zebra_diff_image", zebras, {"species": "Elephant", "count": "2"}, {"moving": "0"}
        ),
        Observation(
            "ele_zebra_diff_image", zebras, {"species": "Zebra", "count": "3"}, {"moving": "0"}
        ),
    ]


def test_read_version_2_table_with_three_photos_per_event(shared: Path) -> None:
    source = shared / "data/cats-and-dogs-labels/dataset_multi_image_multi_species.csv"
    images = ("image1", "image2", "image3")
    entries = read(
        source, event_id="capture_id", image=images, label=("species", "count", "standing"), meta=()
    )
    counts = [
        (entry.event_id, len(entry.images)) for entry in entries if isinstance(entry, Observation)
    ]
    assert counts == [
        ("ele_1_0", 3),
        ("ele_lion", 3),
        ("ele_lion", 3),
        ("only_one_image", 1),
        ("only_two_images", 2),
    ]
    assert entries[-1] == LeftOut("dataset_multi_image_multi_species.csv line 7", "no image")


@pytest.mark.parametrize(
    ("name", "images", "events"),
    [
        ("cats_vs_dogs_multi.csv", ("image",), 119),
        ("cats_vs_dogs_multi_image.csv", ("image1", "image2", "image3"), 4),
    ],
)
def test_read_version_2_cats_and_dogs(
    shared: Path, name: str, images: tuple[str, ...], events: int
) -> None:
    source = shared / "data/cats-and-dogs-labels" / name
    entries = read(source, image=images, label=("species", "standing", "count"), meta=())
    assert entries[0] == Observation(
        "cat0.jpg",
        tuple(f"test/test_images/Cats/cat{n}.jpg" for n in (0, 2, 3))[: len(images)],
        {"species": "cat", "standing": "1", "count": "14"},
    )
    assert len({entry.event_id for entry in entries if isinstance(entry, Observation)}) == events
