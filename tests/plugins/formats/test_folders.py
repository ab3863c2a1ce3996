"""Class folders: their observations, and unusable photos and folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import InputError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins
from ctc_plugins.formats.folders import NOT_IN_CLASS_FOLDER


def read(name: str, source: Path) -> list[Observation | LeftOut]:
    return list(plugins().get(InputFormat, name).read(source, {}))


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_folder_is_class_and_photo_is_event(tmp_path: Path) -> None:
    photos = touch(
        tmp_path, "fox/a.JPG", "fox/deep/b.png", "hare/c.jpeg", "hare/notes.txt", ".thumbs/x.jpg"
    )
    assert read("folders", photos) == [
        Observation("fox#a", ("fox/a.JPG",), {"class": "fox"}),
        Observation("fox#deep/b", ("fox/deep/b.png",), {"class": "fox"}),
        Observation("hare#c", ("hare/c.jpeg",), {"class": "hare"}),
    ]


def test_unlabelled_folders_are_of_cameras(tmp_path: Path) -> None:
    photos = touch(tmp_path, "siteA/a.jpg", "b.jpg")
    assert list(plugins().get(InputFormat, "folders").read(photos, {"unlabelled": True})) == [
        Observation("b", ("b.jpg",), {"class": None}),
        Observation("siteA#a", ("siteA/a.jpg",), {"class": None}),
    ]


def test_event_id_keeps_suffix_of_equal_names(tmp_path: Path) -> None:
    ids = [entry.event_id for entry in read("folders", touch(tmp_path, "fox/a.jpg", "fox/a.png"))]
    assert ids == ["fox#a.jpg", "fox#a.png"]


def test_photo_outside_class_folder_is_left_out(tmp_path: Path) -> None:
    assert LeftOut("stray.jpg", NOT_IN_CLASS_FOLDER) in read(
        "folders", touch(tmp_path, "stray.jpg", "fox/a.jpg")
    )


@pytest.mark.parametrize(("name", "error"), [("nowhere", UsageError), ("empty", InputError)])
def test_read_rejects_folder_without_photos(
    tmp_path: Path, name: str, error: type[Exception]
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(error, match=name):
        read("folders", tmp_path / name)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("all/fox/1.jpg", "all/hare/2.jpg"), True),
        (("all/fox/1.jpg", "all/hare/2.jpg", "x.jpg"), True),
        (("fox/1.jpg", "hare/2.jpg"), False),
        (("fox/1.jpg", "fox/a/2.jpg", "fox/b/3.jpg"), False),
        (("fox/a/1.jpg", "fox/a/2.jpg"), False),
        (("fox/a/1.jpg", "fox/b/1.jpg", "hare/a/2.jpg"), False),
    ],
)
def test_read_warns_of_one_folder_that_holds_the_classes(
    names: tuple[str, ...], told: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", "ctc"):
        read("folders", touch(tmp_path, *names))
    expected = (
        "the only class is 'all', the folder that holds all others: if its folders 'fox', 'hare' "
        f"are the classes, give '{tmp_path / 'all'}'"
    )
    assert caplog.messages == ([expected] if told else [])
