from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import ImageError, InputError, UsageError
from ctc.images import read_photo
from ctc.images.listing.photo_table import TableColumns
from ctc.inference.events.event import Event
from ctc.inference.events.sources import find_events

ONE = TableColumns("id", ("image",))
TWO = TableColumns("id", ("image1", "image2"))


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_find_events_uses_photo_path_as_id(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.jpg").touch()
    (tmp_path / "a.JPG").touch()
    events = find_events([tmp_path / "folder", tmp_path / "a.JPG"])
    paths = [str(tmp_path / "folder" / "b.jpg"), str(tmp_path / "a.JPG")]
    assert list(events) == [Event(path, (path,)) for path in paths]
    assert events.photos == 2


def test_find_events_makes_unreadable_folder_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    (tmp_path / "a.jpg").touch()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path) == str(locked):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    events = list(find_events([tmp_path]))
    assert [event.images for event in events] == [(str(tmp_path / "a.jpg"),), (str(locked),)]
    with pytest.raises(ImageError):
        read_photo(events[1].images[0])


def test_find_events_reads_csv(tmp_path: Path) -> None:
    source = table(
        tmp_path / "e.csv", "id,image1,image2,site", "1,./a.jpg,b.jpg,N", "2,,/c.jpg,", "3,,,S"
    )
    events = find_events([source], TWO)
    assert list(events) == [
        Event("1", (str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")), {"site": "N"}),
        Event("2", (str(Path("/c.jpg")),), {"site": ""}),
        Event("3", (), {"site": "S"}),
    ]
    assert events.photos == 3


def test_find_events_reads_windows_paths(tmp_path: Path) -> None:
    source = table(tmp_path / "e.csv", "id,image", "1,north\\day 1\\a.jpg")
    assert next(iter(find_events([source], ONE))).images == (
        str(tmp_path / "north" / "day 1" / "a.jpg"),
    )


def test_find_events_image_root_replaces_csv_folder(tmp_path: Path) -> None:
    source = table(tmp_path / "e.csv", "id,image", "1,a.jpg")
    assert next(iter(find_events([source], ONE, Path("photos")))).images == (
        str(Path("photos/a.jpg")),
    )


def test_find_events_merges_rows_and_notes_differences(tmp_path: Path) -> None:
    source = table(
        tmp_path / "e.csv",
        "id,image1,image2,species,site",
        "1,a.jpg,b.jpg,lion,N",
        "2,d.jpg,d.jpg,,N",
        "1,a.jpg,c.jpg,zebra,N",
    )
    events = find_events([source], TWO)
    first, second = events
    assert [Path(path).name for path in first.images] == ["a.jpg", "b.jpg", "c.jpg"]
    assert first.meta == {"species": "lion", "site": "N"}
    assert [Path(path).name for path in second.images] == ["d.jpg", "d.jpg"]
    assert events.notes == (
        (
            f"'{source}': 1 row differs in 'species' from an earlier row of the same event,"
            " whose value is kept"
        ),
    )


def test_find_events_merges_non_contiguous_rows(tmp_path: Path) -> None:
    source = table(
        tmp_path / "e.csv",
        "id,image",
        "1,a.jpg",
        "2,b.jpg",
        "1,c.jpg",
        "3,d.jpg",
        "2,b.jpg",
        "1,a.jpg",
    )
    events = find_events([source], ONE)
    names = [(event.id, [Path(path).name for path in event.images]) for event in events]
    assert names == [("1", ["a.jpg", "c.jpg"]), ("2", ["b.jpg"]), ("3", ["d.jpg"])]
    assert events.photos == 4


def test_find_events_gives_every_event_all_meta_columns(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    source = table(tmp_path / "e.csv", "id,image,site", "1,b.jpg,N")
    events = list(find_events([tmp_path / "a.jpg", source], ONE))
    assert [event.meta for event in events] == [{"site": None}, {"site": "N"}]


def test_find_events_reads_inventory(tmp_path: Path) -> None:
    columns = {
        "event_id": ["1", "2", "1"],
        "images": [["a.jpg"], ["/b.jpg"], ["a.jpg"]],
        "species": ["fox", None, "wolf"],
        "temperature": [1.5, None, 1.5],
    }
    path = tmp_path / "inventory.parquet"
    Inventory(pa.table(columns), ("species",), Path("photos")).write(path)
    assert list(find_events([path])) == [
        Event("1", (str(Path("photos/a.jpg")),), {"temperature": 1.5}),
        Event("2", (str(Path("/b.jpg")),), {"temperature": None}),
    ]


def test_find_events_lists_columns_when_none_are_given(tmp_path: Path) -> None:
    source = table(tmp_path / "e.csv", "id,image", "1,a.jpg")
    with pytest.raises(UsageError, match=r"not known: give --image, .* it has 'id', 'image'"):
        find_events([source])


def test_find_events_suggests_nearest_column(tmp_path: Path) -> None:
    source = table(tmp_path / "e.csv", "id,image1,image2", "1,a.jpg,b.jpg")
    with pytest.raises(UsageError, match="has no column 'imag2': did you mean 'image2'"):
        find_events([source], TableColumns("id", ("image1", "imag2")))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["id,image"], "has no rows"),
        (["id,image", "1,", "2,"], "has no photos"),
    ],
)
def test_find_events_refuses_csv_without_photos(
    tmp_path: Path, lines: list[str], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        find_events([table(tmp_path / "e.csv", *lines)], ONE)


def test_find_events_leaves_out_rows_without_id_and_says_so(tmp_path: Path) -> None:
    source = table(tmp_path / "e.csv", "id,image", "1,a.jpg", "NA,b.jpg", "2,NA", ",c.jpg")
    events = find_events([source], ONE)
    assert [(event.id, len(event.images)) for event in events] == [("1", 1), ("2", 0)]
    assert events.notes == (f"'{source}': 2 rows without event id left out (first: line 3)",)


def test_find_events_names_events_after_photos_without_event_id(tmp_path: Path) -> None:
    source = table(
        tmp_path / "e.csv", "folder,file,deleted", "A\\1,x.JPG,no", "B,x.JPG,no", "B,y.JPG,yes"
    )
    columns = TableColumns(None, ("file",), image_folder="folder", where=("deleted=no",))
    events = find_events([source], columns, Path("photos"))
    assert [(event.id, event.images) for event in events] == [
        ("A/1/x.JPG", (str(Path("photos/A/1/x.JPG")),)),
        ("B/x.JPG", (str(Path("photos/B/x.JPG")),)),
    ]


def test_find_events_reads_csv_without_header(tmp_path: Path) -> None:
    source = table(tmp_path / "e.csv", "a.jpg,25", "b.jpg,3")
    columns = TableColumns(None, ("1",), has_header=False)
    assert [(event.id, event.meta) for event in find_events([source], columns)] == [
        ("a.jpg", {"2": "25"}),
        ("b.jpg", {"2": "3"}),
    ]


@pytest.mark.parametrize(
    ("sources", "columns", "reason"),
    [
        ([], None, "nothing to predict"),
        (["gone.jpg"], None, "'gone.jpg' is not there"),
        (["gone"], None, "'gone' is not there"),
        (["notes.docx"], None, "neither a photo, a clip, a folder, a CSV nor an inventory"),
        (["a.jpg", "./a.jpg"], None, "is given twice"),
        (["photos", "photos/b.jpg"], None, "is inside 'photos'"),
        (["photos/../photos/b.jpg", "photos"], None, "is inside 'photos'"),
        (["a.jpg"], ONE, "no CSV file is among the sources"),
        (["1.csv", "2.csv"], ONE, "event 'a.jpg' is in '1.csv' and in '2.csv'"),
        (["1.csv", "a.jpg"], ONE, "'a.jpg' is a photo and the id of an event"),
    ],
)
def test_find_events_refuses_invalid_sources(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sources: list[str],
    columns: TableColumns | None,
    reason: str,
) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("a.jpg", "photos/b.jpg", "notes.docx"):
        (tmp_path / name).touch()
    for name in ("1.csv", "2.csv"):
        table(tmp_path / name, "id,image", "a.jpg,a.jpg")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=reason):
        find_events([Path(source) for source in sources], columns)


def test_find_events_refuses_image_root_without_table(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(UsageError, match="--image-root is for the paths in a CSV or an inventory"):
        find_events([tmp_path / "a.jpg"], image_root=tmp_path)
