"""Class folders and CSVs: what they give, and what they say of what they can't use."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import InputError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins

TABLE = {"event_id": "id", "image": ("image1", "image2"), "label": ("species", "count"), "meta": ("site",)}


def read(name: str, source: Path, options: dict[str, object] | None = None) -> list[Observation | LeftOut]:
    return list(plugins().get(InputFormat, name).read(source, options or {}))


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_folder_is_a_class_and_a_photo_an_event(tmp_path: Path) -> None:
    photos = touch(tmp_path, "fox/a.JPG", "fox/deep/b.png", "hare/c.jpeg", "hare/notes.txt", ".thumbs/x.jpg")
    assert read("folders", photos) == [
        Observation("fox#a", ("fox/a.JPG",), {"class": "fox"}),
        Observation("fox#deep/b", ("fox/deep/b.png",), {"class": "fox"}),
        Observation("hare#c", ("hare/c.jpeg",), {"class": "hare"}),
    ]


def test_photos_that_differ_only_in_their_suffix_stay_two_events(tmp_path: Path) -> None:
    ids = [entry.event_id for entry in read("folders", touch(tmp_path, "fox/a.jpg", "fox/a.png"))]
    assert ids == ["fox#a.jpg", "fox#a.png"]


def test_a_photo_outside_a_class_folder_is_left_out(tmp_path: Path) -> None:
    assert LeftOut("stray.jpg", "not in a class folder") in read("folders", touch(tmp_path, "stray.jpg", "fox/a.jpg"))


@pytest.mark.parametrize(("name", "error"), [("nowhere", UsageError), ("empty", InputError)])
def test_a_folder_without_photos_is_an_error(tmp_path: Path, name: str, error: type[Exception]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(error, match=name):
        read("folders", tmp_path / name)


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_one_event_are_its_observations_and_share_the_first_images(tmp_path: Path) -> None:
    source = table(tmp_path, "id,image1,image2,species,count,site\n1,,,fox,2,A\n1,x.jpg,./b/y.jpg,hare,,A\n")
    assert read("csv", source, TABLE) == [
        Observation("1", ("x.jpg", "b/y.jpg"), {"species": "fox", "count": "2"}, {"site": "A"}),
        Observation("1", ("x.jpg", "b/y.jpg"), {"species": "hare", "count": None}, {"site": "A"}),
    ]


def test_rows_that_cannot_be_used_are_left_out_with_their_line(tmp_path: Path) -> None:
    source = table(tmp_path, "id,image1,image2,species,count,site\n,x.jpg,,fox,1,\n2,,,fox,1,\n3,z.jpg,,,,\n")
    assert read("csv", source, TABLE) == [
        LeftOut("labels.csv line 2", "no event id"),
        LeftOut("labels.csv line 3", "no image"),
        LeftOut("labels.csv line 4", "no label"),
    ]


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    source = table(tmp_path, "id,image1,image2,specie,count,site\n")
    with pytest.raises(UsageError, match=r"no column 'species': did you mean 'specie'.*'image1'"):
        read("csv", source, TABLE)
