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


def test_rows_of_one_event_have_their_own_images_or_the_first(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        HEADER + "1,,,fox,2,A\n2,z.jpg,,fox,1,\n1,x.jpg,./b/y.jpg,hare,,A\n1,w.jpg,,owl,,\n",
    )
    photos = ("x.jpg", "b/y.jpg")
    assert read(source) == [
        Observation("1", photos, {"species": "fox", "count": "2"}, {"site": "A"}),
        Observation("2", ("z.jpg",), {"species": "fox", "count": "1"}, {"site": None}),
        Observation("1", photos, {"species": "hare", "count": None}, {"site": "A"}),
        Observation("1", ("w.jpg",), {"species": "owl", "count": None}, {"site": None}),
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


def test_missing_cells_of_r_and_databases_are_no_event_photo_class_or_meta(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        HEADER + "NA,a.jpg,,fox,1,A\n2,NA,b.jpg,fox,NA,NA\n3,c.jpg,#N/A,null,2,B\n4,NULL,?,fox,,\n",
    )
    assert read(source) == [
        LeftOut("labels.csv line 2", "no event id"),
        Observation("2", ("b.jpg",), {"species": "fox", "count": None}, {"site": None}),
        Observation("3", ("c.jpg",), {"species": None, "count": "2"}, {"site": "B"}),
        LeftOut("labels.csv line 5", "no image"),
    ]


def test_missing_cells_are_counted_and_can_be_chosen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = table(tmp_path, HEADER + "1,a.jpg,,None,NA,\n2,b.jpg,,fox,NA,\n3,c.jpg,,None,1,\n")
    with caplog.at_level("INFO", "ctc"):
        read(source)
    assert [message.split(" read as ")[0] for message in caplog.messages] == [
        "2 cells 'NA' of label 'count'",
        "2 cells 'None' of label 'species'",
    ]
    assert [entry.labels for entry in read(source, missing=("NA",))] == [
        {"species": "None", "count": None},
        {"species": "fox", "count": None},
        {"species": "None", "count": "1"},
    ]


def test_label_separator_gives_each_class_an_observation(tmp_path: Path) -> None:
    source = table(
        tmp_path, HEADER + "1,a.jpg,,fox; hare,2;1,\n2,b.jpg,,fox;hare,3,\n3,c.jpg,,owl;,1,\n"
    )
    entries = read(source, label_separator=";")
    assert [(entry.event_id, *entry.labels.values()) for entry in entries] == [
        ("1", "fox", "2"),
        ("1", "hare", "1"),
        ("2", "fox", "3"),
        ("2", "hare", "3"),
        ("3", "owl", "1"),
        ("3", None, "1"),
    ]


def test_where_selects_rows_of_presence_table(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        "file,species,presence,a=b\nx.jpg,fox,1,u\nx.jpg,hare,0,u\n"
        "y.jpg,hare, 1 ,v\nz.jpg,fox,2,w\n",
    )
    chosen = {"event_id": None, "image": ("file",), "label": ("species",), "meta": ()}

    def events(*where: str) -> list[tuple[str, str | None]]:
        entries = read(source, **chosen, where=where)
        return [(entry.event_id, entry.labels["species"]) for entry in entries]

    assert events("presence=1") == [("x.jpg", "fox"), ("y.jpg", "hare")]
    assert events("presence=1", "presence=2", "species=fox") == [("x.jpg", "fox"), ("z.jpg", "fox")]
    assert events("a=b=v") == [("y.jpg", "hare")]
    with pytest.raises(
        UsageError, match=r"no row of .* has --where 'presence=yes': 'presence' has '1', '0', '2'"
    ):
        events("presence=yes")
    with pytest.raises(UsageError, match="no column 'presense': did you mean 'presence'"):
        events("presense=1")
    with pytest.raises(UsageError, match="must have the form COLUMN=VALUE"):
        events("presence")


def test_table_of_timelapse_has_folder_and_file_in_two_columns(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        "File,RelativePath,DeleteFlag,Species\nI1.JPG,S1\\C1,false,fox\nI1.JPG,S1\\C2,false,hare\n"
        "I2.JPG,,true,fox\n",
    )
    entries = read(
        source,
        event_id=None,
        image=("File",),
        image_folder="RelativePath",
        label=("Species",),
        meta=(),
        where=("DeleteFlag=false",),
    )
    assert entries == [
        Observation("S1/C1/I1.JPG", ("S1/C1/I1.JPG",), {"Species": "fox"}),
        Observation("S1/C2/I1.JPG", ("S1/C2/I1.JPG",), {"Species": "hare"}),
    ]


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ('"file" "species"\n"1" "a b.jpg" "red fox"\n"2" "b.jpg" NA\n', "R with row names"),
        ('"file" "species"\n"a b.jpg" "red fox"\n"b.jpg" NA\n', "R without row names"),
        ("file     species   \n'a   fox\nb.jpg    NA\n", "aligned columns"),
        ('"file"\t"species"\n"7"\t"a b.jpg"\t"red fox"\n"9"\t"b.jpg"\tNA\n', "R with tabs"),
    ],
)
def test_tables_separated_by_blanks(tmp_path: Path, text: str, separator: str) -> None:
    source = table(tmp_path, text)
    chosen = {"event_id": "file", "image": ("file",), "label": ("species",), "meta": ()}
    first, second = read(source, **chosen)
    assert isinstance(first, Observation)
    assert (first.event_id, first.labels["species"]) in {("a b.jpg", "red fox"), ("'a", "fox")}
    assert second == LeftOut("labels.csv line 3", "no label")


def test_table_without_header_is_read_by_numbers(tmp_path: Path) -> None:
    source = table(tmp_path, "CA-01_1.jpg,25\nCA-01_2.jpg,25\n")
    by_number = {"event_id": None, "image": ("1",), "label": ("2",), "meta": ()}
    assert read(source, **by_number, no_header=True) == [
        Observation("CA-01_1.jpg", ("CA-01_1.jpg",), {"2": "25"}),
        Observation("CA-01_2.jpg", ("CA-01_2.jpg",), {"2": "25"}),
    ]
    for chosen in (by_number, {**by_number, "image": ("CA-01_1.jpg",), "label": ("25",)}):
        with pytest.raises(
            UsageError, match=r"first row of .* looks like data .*add --no-header and name its"
        ):
            read(source, **chosen)


@pytest.mark.parametrize("first", ["a.jpg,1,1", "S1/a,25,3"])
def test_first_row_of_data_is_told_whatever_it_holds(tmp_path: Path, first: str) -> None:
    with pytest.raises(UsageError, match=r"first row of .* looks like data"):
        read(table(tmp_path, first + "\nb.jpg,2,2\n"))


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
        ("id,image1,species", "no columns 'image2', 'count', 'site'"),
        (
            "a,b",
            (
                "no columns 'id', 'image1', 'image2', 'species', 'count', 'site': "
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
            "ele_zebra_diff_image",
            ("/path/capture_ele_zebra.jpg",),
            {"species": "Elephant", "count": "2"},
            {"moving": "0"},
        ),
        Observation(
            "ele_zebra_diff_image",
            ("/path/capture_ele_zebra2.jpg",),
            {"species": "Zebra", "count": "3"},
            {"moving": "0"},
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


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (("2",), "without a header, the label is called '2': to have another name, put a first"),
        (("2", "3"), "without a header, the labels are called '2', '3': to have other names, put"),
    ],
)
def test_table_without_header_tells_the_names_of_labels(
    labels: tuple[str, ...], told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"event_id": None, "image": ("1",), "label": labels, "meta": (), "no_header": True}
    with caplog.at_level("INFO", "ctc"):
        read(table(tmp_path, "a.jpg,fox,1\n"), **options)
    assert caplog.messages[0].startswith(told)


@pytest.mark.parametrize("text", ['{"a": [1]}', '\ufeff\n  {\n "a": 1}'])
def test_json_is_told_and_how_to_read_it(text: str, tmp_path: Path) -> None:
    path = table(tmp_path, text)
    with pytest.raises(UsageError, match=rf"{path}' is JSON, not a table: `ctc inventory {path} "):
        read(path)


def test_json_list_is_told_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text('[{"a": 1}]')
    with pytest.raises(UsageError, match="is JSON, not a table"):
        read(path)
    assert read(
        table(tmp_path, "[id],image1,image2,species,count,site\n1,a.jpg,,fox,1,A\n"),
        event_id="[id]",
    )
