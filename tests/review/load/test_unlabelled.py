"""Photos that nobody has named, as events of a store."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import Reviewer, ReviewLabel
from ctc.artifacts.review.store import ReviewStore
from ctc.errors import CtcError
from ctc.reporting import NullReporter
from ctc.review.load.unlabelled import load_photos, read_classes, with_class_file

SPECIES = (ReviewLabel("species", is_open=True),)
TAKEN = 0x9003


def write_photo(path: Path, taken: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[TAKEN] = taken
    Image.new("RGB", (16, 12)).save(path, exif=exif)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Write two bursts of two cameras, one of them with folders of its own."""
    folder = tmp_path / "photos"
    for number, second in enumerate((0, 5)):
        write_photo(
            folder / "north" / "DCIM" / "100RECNX" / f"{number}.jpg", f"2025:06:01 10:00:0{second}"
        )
    write_photo(folder / "south" / "0.jpg", "2025:06:02 11:00:00")
    return folder


@pytest.fixture
def store(tmp_path: Path):
    with ReviewStore.open(tmp_path / "labels.sqlite", make=True) as store:
        yield store


def load(photos: Path, store: ReviewStore, labels=SPECIES) -> list[str]:
    return load_photos([photos], store, labels, 60, NullReporter())


def test_load_photos_groups_bursts_with_times_and_places(photos, store) -> None:
    assert load(photos, store) == ["2 events with 3 photos"]
    found = [(event.place, event.time, len(event.photos)) for event in store.iter_events()]
    assert found == [("north", "2025-06-01T10:00:00", 2), ("south", "2025-06-02T11:00:00", 1)]


def test_load_photos_keeps_paths_below_the_folder(photos, store) -> None:
    load(photos, store)
    (photo,) = list(store.iter_events())[1].photos
    assert photo.path == "south/0.jpg"
    assert Path(store.photo_location(photo)) == photos / "south" / "0.jpg"


def test_load_photos_keeps_answers(photos, store) -> None:
    load(photos, store)
    (key, *_) = [event.key for event in store.iter_events()]
    store.answer(Reviewer("ana"), [key], Answer({"species": ("fox",)}))
    write_photo(photos / "west" / "0.jpg", "2025:06:03 11:00:00")
    assert load(photos, store) == ["3 events with 4 photos", "1 event is answered"]
    assert store.event(key).answer.labels == {"species": ("fox",)}


def test_load_photos_without_a_photo(tmp_path, store) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CtcError):
        load(tmp_path / "empty", store)


def test_read_classes_of_a_text(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("red fox\n\nhare\nred fox\n")
    assert read_classes(path) == ("red fox", "hare")


def test_read_classes_of_a_taxonomy(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.csv"
    path.write_text("label,order,family\nred fox,carnivora,canidae\nhare,lagomorpha,leporidae\n")
    assert read_classes(path) == ("red fox", "hare")


def test_read_classes_of_an_empty_text(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("\n")
    with pytest.raises(CtcError, match="is empty: write one class per line"):
        read_classes(path)


def test_class_file_closes_the_first_label(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("fox\nhare\n")
    labels = with_class_file((*SPECIES, ReviewLabel("sex", is_open=True)), path)
    assert [(label.classes, label.is_open) for label in labels] == [
        (("fox", "hare"), False),
        ((), True),
    ]
