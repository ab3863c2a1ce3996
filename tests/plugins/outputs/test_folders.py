from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.errors import InputError

CLASSES = (
    "fox",
    "Fox",
    "a/b:c",
    "con.x",
    "..",
    "=evil\n",
    "🦊, red",
    "x" * 300,
    "_failed.csv",
    " ",
)


def event(photo: Path | str, number: int = 0, labels=None) -> EventPrediction:
    labels = labels or {"species": CLASSES}
    values = {
        label: np.eye(len(classes), dtype=np.float32)[number] for label, classes in labels.items()
    }
    return EventPrediction(str(photo), labels, values, (ImagePrediction(str(photo), values),))


@pytest.fixture
def photo(tmp_path: Path):
    def make(name: str) -> Path:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"pixels of {name}")
        return path

    return make


def names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()
    )


def test_write_creates_folder_of_links_per_class(write, photo, tmp_path) -> None:
    fox = photo("north/1.jpg")
    written = write("folders", [event(fox)], {"species": CLASSES}, tmp_path / "photos")
    assert names(written) == ["_failed.csv", "fox/north__1.jpg"]
    link = written / "fox" / "north__1.jpg"
    assert link.is_symlink()
    assert link.read_text() == "pixels of north/1.jpg"
    assert names(tmp_path / "photos") == ["north/1.jpg"]


def test_photos_of_an_event_stay_together(write, photo, tmp_path, predictions) -> None:
    images = tuple(replace(image, path=str(photo(image.path))) for image in predictions[0].images)
    written = write("folders", [replace(predictions[0], images=images)], root=tmp_path / "photos")
    assert names(written) == ["_failed.csv", "cat/a.jpg", "cat/b.jpg"]


def test_copy_option_copies_with_modification_time(write, photo, tmp_path) -> None:
    fox = photo("1.jpg")
    os.utime(fox, (1_000_000_000, 1_000_000_000))
    written = write("folders", [event(fox)], {"species": CLASSES}, tmp_path / "photos", copy=True)
    copied = written / "fox" / "1.jpg"
    assert not copied.is_symlink()
    assert copied.stat().st_mtime == 1_000_000_000
    copied.write_text("changed")
    assert fox.read_text() == "pixels of 1.jpg"


@pytest.mark.parametrize("copy", [False, True])
def test_photos_with_equal_names_get_numbers(write, photo, tmp_path, copy) -> None:
    photos = [photo("a/b.jpg"), photo("a__b.jpg"), photo("a_/b.jpg"), photo("a/_b.jpg")]
    entries = [event(path) for path in [*photos, photos[0]]]
    written = write("folders", entries, {"species": CLASSES}, tmp_path / "photos", copy=copy)
    contents = {path.name: path.read_text() for path in (written / "fox").iterdir()}
    assert contents == {
        "a__b.jpg": "pixels of a/b.jpg",
        "a__b-2.jpg": "pixels of a__b.jpg",
        "a___b.jpg": "pixels of a_/b.jpg",
        "a___b-2.jpg": "pixels of a/_b.jpg",
        "a__b-3.jpg": "pixels of a/b.jpg",
    }


def test_safe_name_gives_unique_valid_folders(write, photo, tmp_path) -> None:
    one = photo("1.jpg")
    entries = [event(one, number) for number in range(len(CLASSES))]
    written = write("folders", entries, {"species": CLASSES}, tmp_path / "photos")
    assert sorted(path.name for path in written.iterdir() if path.is_dir()) == sorted(
        [
            "fox",
            "Fox-2",
            "a_b_c",
            "_con.x",
            "_",
            "=evil_",
            "🦊, red",
            "x" * 200,
            "_failed.csv-2",
            "_-2",
        ]
    )
    assert len(names(written)) == 1 + len(CLASSES)


def test_safe_name_of_photo_outside_root_keeps_end_of_path(write, photo, tmp_path) -> None:
    far = photo(f"{'ü' * 100}/{'n' * 100}.jpg")
    written = write("folders", [event(far)], {"species": CLASSES}, tmp_path / "elsewhere")
    (name,) = [path.name for path in (written / "fox").iterdir()]
    assert name.endswith(f"ü__{'n' * 100}.jpg")
    assert 198 < len(name.encode()) <= 200


def test_failures_are_listed(write, tmp_path, failure) -> None:
    gone = event(tmp_path / "vanished.jpg")
    written = write("folders", [failure, gone], {"species": CLASSES}, copy=True)
    assert (written / "_failed.csv").read_text() == (
        "path,reason\ngone.jpg,no such file or directory\n"
        f"{tmp_path / 'vanished.jpg'},no such file or directory\n"
    )


@pytest.mark.parametrize(
    ("excel", "content"),
    [
        (False, "path,reason\n=cmd|x.jpg,empty file\n"),
        (True, "\ufeffpath,reason\n'=cmd|x.jpg,empty file\n"),
    ],
)
def test_excel_option_escapes_formulas_in_the_list_of_failures(
    write, tmp_path, excel: bool, content: str
) -> None:
    failed = [Failure("=cmd|x.jpg", "empty file")]
    written = write("folders", failed, {"species": CLASSES}, tmp_path, excel=excel)
    assert (written / "_failed.csv").read_text(encoding="utf-8") == content


def test_label_option(write, photo, tmp_path, predictions) -> None:
    images = (replace(predictions[0].images[0], path=str(photo("1.jpg"))),)
    entry = replace(predictions[0], images=images)
    assert names(write("folders", [entry], root=tmp_path / "photos", label="standing")) == [
        "1/1.jpg",
        "_failed.csv",
    ]


@pytest.mark.skipif(os.name == "nt", reason="makes a POSIX system that can't link")
def test_link_falls_back_to_hard_link_then_error(write, photo, tmp_path, monkeypatch) -> None:
    def refuse(*arguments) -> None:
        raise OSError(1, "Operation not permitted")

    fox = photo("1.jpg")
    monkeypatch.setattr(Path, "symlink_to", refuse)
    linked = (
        write("folders", [event(fox)], {"species": CLASSES}, tmp_path / "photos") / "fox" / "1.jpg"
    )
    assert linked.samefile(fox)
    assert not linked.is_symlink()
    linked.parent.parent.rename(tmp_path / "before")
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(
        InputError, match=r"can't link to '.*1\.jpg' \(operation not permitted\): add --copy"
    ):
        write("folders", [event(fox)], {"species": CLASSES}, tmp_path / "photos")
