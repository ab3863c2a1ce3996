"""Photos of prediction files of every format, and of reviews."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from review_predictions import two_events_with_boxes, write_predictions
from tagged_photos import write_photos

from ctc.artifacts.boxes import Box
from ctc.artifacts.review.answer import Answer as ReviewAnswer
from ctc.artifacts.review.store import ReviewStore
from ctc.cli.main import run
from ctc.errors import InputError, UsageError
from ctc.review.load.load import LoadConfig, load_predictions
from ctc.tagging.lineages import add_lineages
from ctc.tagging.readers.source import choose_labels, read_source
from ctc.tagging.records import Answer, TaggedPhoto


def answers_of(photo: TaggedPhoto, label: str = "species") -> list[tuple[str, float]]:
    return [(one.name, round(one.confidence, 4)) for one in photo.answers if one.label == label]


def read(path: Path) -> dict[str, TaggedPhoto]:
    folder = path.parent
    found = read_source(path, folder).photos
    return {Path(one.path).relative_to(folder).as_posix(): one for one in found}


def test_read_source_gives_all_photos_the_answer_of_their_event(tmp_path: Path) -> None:
    photos = read(write_predictions(tmp_path, ".json"))
    assert {path: answers_of(one) for path, one in photos.items()} == {
        "a/1.jpg": [("fox", 0.5)],
        "a/2.jpg": [("fox", 0.5)],
        "b/1.jpg": [("empty", 0.75)],
    }


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_read_source_of_photos_gives_each_its_own_answer(tmp_path: Path, suffix: str) -> None:
    photos = read(write_predictions(tmp_path, suffix, per_photo=True))
    assert {path: answers_of(one) for path, one in photos.items()} == {
        "a/1.jpg": [("fox", 0.75)],
        "a/2.jpg": [("empty", 0.5)],
        "b/1.jpg": [("empty", 0.75)],
    }


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_read_source_takes_all_present_classes(tmp_path: Path, suffix: str) -> None:
    options = {"per_photo": True} if suffix == ".csv" else {}
    photos = read(write_predictions(tmp_path, suffix, **options))
    found = {name for name, _ in answers_of(photos["a/1.jpg"], "behaviour")}
    assert found == {"eating", "resting"}


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_read_source_has_boxes(tmp_path: Path, suffix: str) -> None:
    options = {} if suffix == ".json" else {"per_box": True}
    photos = read(write_predictions(tmp_path, suffix, two_events_with_boxes(), **options))
    box = photos["a/1.jpg"].boxes[0]
    assert box.box == Box(0.25, 0.5, 0.125, 0.25, confidence=0.75)
    assert (box.category, box.labels["species"]) == ("animal", "fox")


def test_read_source_of_megadetector(tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(
        """{"info": {"format_version": "1.6"},
        "detection_categories": {"1": "animal", "2": "person"},
        "classification_categories": {"7": "fox"},
        "images": [
        {"file": "a.jpg", "detections": [
          {"category": "1", "conf": 0.5, "bbox": [0, 0, 1, 1], "classifications": [["7", 0.8]]},
          {"category": "2", "conf": 0.9, "bbox": [0, 0, 0.5, 0.5]},
          {"category": "1", "conf": 0.1, "bbox": [0, 0, 0.1, 0.1]}]},
        {"file": "b.jpg", "detections": []},
        {"file": "clip.mp4", "detections": [
          {"category": "2", "conf": 0.9, "bbox": [0, 0, 0.5, 0.5], "frame_number": 3}]},
        {"file": "c.jpg", "failure": "broken", "detections": null}]}"""
    )
    photos = read(path)
    assert {name: answers_of(one) for name, one in photos.items()} == {
        "a.jpg": [("fox", 0.4), ("person", 0.9)],
        "b.jpg": [("empty", 1.0)],
        "clip.mp4": [("person", 0.9)],
    }
    assert photos["clip.mp4"].is_clip
    assert read_source(path, tmp_path).failed == 1


def test_read_source_unites_the_frames_of_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(
        "id,label,prediction_top,confidence_top,predictions_all\n"
        'clip.mp4#t=1,species,fox,0.6,"{""fox"": 0.6}"\n'
        'clip.mp4#t=2,species,fox,0.9,"{""fox"": 0.9}"\n'
    )
    assert answers_of(read(path)["clip.mp4"]) == [("fox", 0.9)]


def test_read_source_reads_lineages_and_who_answered(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(
        "id,label,prediction_top,confidence_top,predictions_all,lineage,classification_method\n"
        'a.jpg,species,fox,1,"{""fox"": 1}",Animalia;;Mammalia;;;;Vulpes vulpes,human\n'
    )
    answer = Answer("species", "fox", 1.0, ("Animalia", "Mammalia", "Vulpes vulpes"), True)
    assert read(path)["a.jpg"].answers == (answer,)


def test_read_source_finds_the_photos_of_events_in_an_inventory(tmp_path: Path) -> None:
    predictions = write_predictions(tmp_path, ".csv")
    with pytest.raises(UsageError, match="2 events have no photo, such as 'first'"):
        read_source(predictions, tmp_path)
    inventory = tmp_path / "inventory.csv"
    inventory.write_text(
        "id,image1,image2,species\nfirst,a/1.jpg,a/2.jpg,fox\nsecond,b/1.jpg,,hare\n"
    )
    output = tmp_path / "inventory.parquet"
    columns = ["--event-id", "id", "--image", "image1", "--image", "image2", "--label", "species"]
    assert run(["inventory", "csv", str(inventory), *columns, "--output", str(output)]) == 0
    photos = read_source(predictions, None, output).photos
    assert [answers_of(one)[0][0] for one in photos] == ["fox", "fox", "empty"]


def test_read_source_of_a_review_takes_what_a_person_said(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    with ReviewStore.open(path, make=True) as store:
        config = LoadConfig(photos=str(tmp_path))
        load_predictions(write_predictions(tmp_path, ".json"), store, config)
        reviewer = store.ensure_reviewer("Ada")
        first, second = (event.key for event in store.iter_events())
        store.answer(reviewer, [first], ReviewAnswer({"species": ("wolf",)}))
        store.answer(reviewer, [second], ReviewAnswer({"species": None}))
    photos = read(path)
    assert answers_of(photos["a/1.jpg"]) == answers_of(photos["a/2.jpg"]) == [("wolf", 1.0)]
    assert answers_of(photos["b/1.jpg"]) == []
    assert photos["a/1.jpg"].answers[0].by_person


def test_choose_labels(tmp_path: Path) -> None:
    photos = read_source(write_predictions(tmp_path, ".json"), tmp_path).photos
    assert choose_labels(photos, ()) == {"species": "Species"}
    assert choose_labels(photos, ("behaviour", "species=Art")) == {
        "behaviour": "Behaviour",
        "species": "Art",
    }
    with pytest.raises(UsageError, match="no label 'specie': did you mean 'species'"):
        choose_labels(photos, ("specie",))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "x,y\n1,2\n", "no column 'id'"),
        ("a.json", '{"images": 3}', "not MegaDetector's output"),
        ("a.json", '{\n"a": {"predictions_top": 3}\n}', "not as `ctc predict` writes it"),
        ("a.json", "[]", "line 1 is not an event"),
        ("a.csv", "id,label,prediction_top,confidence_top,predictions_all\n", "no photo"),
    ],
)
def test_read_source_of_other_files(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises((InputError, UsageError), match=message):
        read_source(tmp_path / name, None)


@pytest.mark.parametrize("before", ["/old/disk/", "D:\\season\\", "C:/Users/me/"])
def test_read_source_finds_photos_that_have_moved(tmp_path: Path, before: str) -> None:
    write_photos(tmp_path / "now", "a/1.jpg", "b/1.jpg")
    head = "id,label,prediction_top,confidence_top,predictions_all\n"
    rows = (
        f'{before}{name},species,fox,0.6,"{{""fox"": 0.6}}"\n' for name in ("a/1.jpg", "b/1.jpg")
    )
    (tmp_path / "predictions.csv").write_text(head + "".join(rows))
    photos = read_source(tmp_path / "predictions.csv", tmp_path / "now").photos
    assert [one.path for one in photos] == [
        str(tmp_path / "now" / name) for name in ("a/1.jpg", "b/1.jpg")
    ]


def test_add_lineages(tmp_path: Path) -> None:
    taxonomy = tmp_path / "taxonomy.csv"
    taxonomy.write_text("label,class,family,species\nfox,Mammalia,Canidae,Vulpes vulpes\n")
    photos = read_source(write_predictions(tmp_path, ".json"), tmp_path).photos
    assert add_lineages(photos, taxonomy, "species") == (f"'{taxonomy}' says nothing of 'empty'",)
    fox, empty = photos[0].answers[0], photos[2].answers[0]
    assert fox.lineage == ("Animalia", "Mammalia", "Canidae", "Vulpes", "Vulpes vulpes")
    assert empty.lineage == ()
    with pytest.raises(InputError, match="has a lineage for none of 'eating', 'resting'"):
        add_lineages(photos, taxonomy, "behaviour")


def test_read_source_of_an_inventory(tmp_path: Path) -> None:
    table, output = tmp_path / "labels.csv", tmp_path / "inventory.parquet"
    table.write_text("id,image1,image2,species,count\n1,a/1.jpg,a/2.jpg,fox,2\n1,a/1.jpg,,hare,\n")
    columns = ["--image", "image1", "--image", "image2", "--label", "species", "--label", "count"]
    words = ["inventory", "csv", str(table), "--event-id", "id", *columns]
    assert run([*words, "--output", str(output)]) == 0
    photos = read_source(output, None).photos
    assert [Path(one.path) for one in photos] == [tmp_path / "a/1.jpg", tmp_path / "a/2.jpg"]
    assert answers_of(photos[1]) == [("fox", 1.0), ("hare", 1.0)]
    assert answers_of(photos[1], "count") == [("2", 1.0)]


def test_read_source_of_a_package_says_how(tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text("{}")
    for path in (tmp_path, tmp_path / "datapackage.json"):
        with pytest.raises(UsageError, match=r"Camtrap DP package: make an inventory of it with"):
            read_source(path, None)


def test_read_source_of_a_photo_that_is_there_twice_is_not_empty_and_full(tmp_path: Path) -> None:
    """As in files of MegaDetector that were put together."""
    write_photos(tmp_path, "a.jpg", "b.jpg")
    person = {"category": "2", "conf": 0.9, "bbox": [0.1, 0.1, 0.5, 0.5]}
    entries = [("a.jpg", []), ("a.jpg", [person]), ("a.jpg", []), ("b.jpg", []), ("b.jpg", [])]
    document = {
        "detection_categories": {"1": "animal", "2": "person"},
        "images": [{"file": name, "detections": found} for name, found in entries],
    }
    (tmp_path / "md.json").write_text(json.dumps(document))
    photos = read(tmp_path / "md.json")
    assert answers_of(photos["a.jpg"]) == [("person", 0.9)]
    assert answers_of(photos["b.jpg"]) == [("empty", 1.0)]
