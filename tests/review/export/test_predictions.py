import csv
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from review_events import FOX, keys_of, make_event, with_boxes

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import Guess, ReviewPrediction
from ctc.errors import UsageError

MARKS = "classification_method", "classified_by", "classification_timestamp"
WHEN = "2025-06-15T15:06:40.000Z"


def csv_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def species(rows):
    return [row for row in rows if row["label"] == "species"]


def predict(name, answer, confidence, **fields):
    """Return an event whose species the model answers."""
    prediction = ReviewPrediction(answer, confidence, **fields)
    return replace(make_event(name), predictions={"species": prediction})


def test_export_csv_marks_people_and_machine(export):
    path, result = export("out.csv")
    first, second, *_ = species(csv_rows(path))
    assert (result.events, result.reviewed) == (4, 1)
    assert (first["prediction_top"], first["confidence_top"]) == ("wolf", "1.0000")
    assert json.loads(first["predictions_all"]) == {"fox": 0, "wolf": 1, "empty": 0, "lynx": 0}
    assert [first[name] for name in MARKS] == ["human", "Ann | Bob", WHEN]
    assert (second["prediction_top"], second["confidence_top"]) == ("fox", "0.7500")
    assert [second[name] for name in MARKS] == ["machine", "deer.csv", ""]


def test_export_csv_keeps_columns_of_decisions_for_the_machine_alone(export):
    first, second, *_ = species(csv_rows(export("out.csv")[0]))
    assert (first["prediction_set"], first["dropped"]) == ("", "")
    assert (second["prediction_set"], second["dropped"]) == ('["fox", "wolf"]', "false")


def test_export_csv_keeps_place_time_and_further_columns(export):
    first = csv_rows(export("out.csv")[0])[0]
    assert (first["location"], first["altitude"]) == ("north", "300")
    assert first["datetime"] == "2025-06-01T12:00:00"


def test_export_csv_keeps_the_model_where_people_are_not_sure_or_differ(export):
    rows = species(csv_rows(export("out.csv")[0]))
    assert [row["classification_method"] for row in rows] == ["human", *["machine"] * 3]


def test_export_csv_has_answers_of_labels_without_a_model(export):
    rows = [row for row in csv_rows(export("out.csv")[0]) if row["label"] == "count"]
    assert [(row["id"], row["prediction_top"]) for row in rows] == [("a", "2")]


def test_export_csv_per_photo_repeats_the_answer_of_the_event(export, tmp_path):
    path, _ = export("out.csv", format_options={"per_photo": True}, only_reviewed=True)
    rows = species(csv_rows(path))
    assert [row["path"] for row in rows] == [
        str(tmp_path / "photos/a/1.jpg"),
        str(tmp_path / "photos/a/2.jpg"),
    ]
    assert {row["prediction_top"] for row in rows} == {"wolf"}


def test_export_csv_keeps_unknown_and_rolled_up_answers(export, store):
    guesses = (Guess("fox", 0.5), Guess("wolf", 0.5))
    events = [predict("e", "unknown", 0.5, guesses=guesses), predict("f", "canidae", 1.0)]
    store.replace_events(events)
    rows = csv_rows(export("out.csv")[0])
    assert [row["prediction_top"] for row in rows] == ["unknown", "canidae"]


def test_export_csv_keeps_what_an_earlier_export_said(export, store):
    columns = {"classification_method": "human", "classified_by": "Eve"}
    store.replace_events([predict("e", "fox", 1.0, columns=columns)])
    (row,) = csv_rows(export("out.csv")[0])
    assert (row["classification_method"], row["classified_by"]) == ("human", "Eve")


def test_export_csv_keeps_strangers(export, store):
    columns = {"strangeness": "12.5", "unknown_reason": "unlike anything learnt"}
    event = predict("e", "unknown", 0.5, columns=columns, guesses=(Guess("fox", 0.5),))
    store.replace_events([event, replace(event, id="f")])
    store.answer(store.ensure_reviewer("Ann"), [keys_of(store)["f"]], FOX)
    first, second = csv_rows(export("out.csv")[0])
    assert (first["unknown_reason"], first["strangeness"]) == ("unlike anything learnt", "12.5")
    assert (second["prediction_top"], second["unknown_reason"]) == ("fox", "")


def test_export_csv_of_several_classes(export, store):
    store.answer(
        store.ensure_reviewer("Lea", "lead"),
        [keys_of(store)["d"]],
        Answer({"species": ("fox",), "behaviour": ("eating", "resting")}),
    )
    path, _ = export("out.csv", consensus="lead", only_reviewed=True)
    first, second = csv_rows(path)
    assert (first["predictions_present"], second["label"]) == ("", "behaviour")
    assert json.loads(second["predictions_present"]) == ["eating", "resting"]


def test_export_csv_lists_events_without_photos_as_failures(export, store):
    store.replace_events([make_event("a"), replace(make_event("e"), photos=())])
    path, result = export("out.csv")
    assert dict(result.left_out) == {"it has no photo": 1}
    assert "e,it has no photo" in path.with_name("out.csv.failures.csv").read_text()


def test_export_csv_of_events_that_are_gone(export, store):
    store.replace_events([make_event("d")])
    path, _ = export("out.csv", with_gone=True)
    rows = {row["id"]: row["prediction_top"] for row in species(csv_rows(path))}
    assert rows == {"d": "fox", "a": "wolf"}


def test_export_json(export):
    path, _ = export("out.json")
    found = json.loads(path.read_text())
    assert found["a"]["predictions_top"] == {"species": "wolf", "count": "2"}
    assert found["a"]["classification_method"] == {"species": "human", "count": "human"}
    assert found["a"]["classified_by"] == {"species": "Ann | Bob", "count": "Ann"}
    assert found["b"]["classification_method"] == {"species": "machine"}
    assert found["b"]["aggregated_pred"]["species"]["fox"] == 0.75


def test_export_parquet_needs_its_format_to_be_named(export):
    path, result = export("out.parquet", format="parquet", classifier="deer.onnx")
    first, _, second, *_ = pq.read_table(path).to_pylist()
    assert result.format == "parquet"
    assert [first[name] for name in MARKS] == ["human", "Ann | Bob", WHEN]
    assert (second["classified_by"], second["prediction_set"]) == ("deer.onnx", ["fox", "wolf"])


def megadetector(export, **options):
    path, _ = export("out.megadetector.json", **options)
    document = json.loads(path.read_text())
    return document["classification_categories"], document["images"]


def test_export_megadetector(export):
    names, images = megadetector(export)
    (detection,) = images[0]["detections"]
    assert (images[0]["file"], detection["conf"]) == ("a/1.jpg", 1.0)
    assert [(names[number], value) for number, value in detection["classifications"]] == [
        ("wolf", 1.0)
    ]


def answer_boxes(store, answer):
    """Load an event with a box in one of two photos, and another event without, and answer both."""
    store.replace_events([with_boxes(make_event("a")), make_event("b")])
    lea = store.ensure_reviewer("Lea", "lead")
    store.answer(lea, list(keys_of(store).values()), Answer({"species": (answer,)}))


def test_export_megadetector_keeps_detections(export, store):
    answer_boxes(store, "wolf")
    names, (first, second, *without) = megadetector(export)
    (box,) = first["detections"]
    assert (box["bbox"], box["conf"]) == ([0.25, 0.5, 0.125, 0.25], 0.75)
    assert [(names[number], value) for number, value in box["classifications"]] == [("wolf", 1.0)]
    assert second["detections"] == []
    assert [one["detections"][0]["bbox"] for one in without] == [[0.0, 0.0, 1.0, 1.0]] * 2


def test_export_megadetector_of_boxes_with_nothing_in_them(export, store):
    answer_boxes(store, "empty")
    names, (first, *others) = megadetector(export)
    (box,) = first["detections"]
    assert [(names[number], value) for number, value in box["classifications"]] == [("empty", 1.0)]
    assert [one["detections"] for one in others] == [[], [], []]


def test_export_folders(export, store, tmp_path):
    for event in store.iter_events():
        for photo in event.photos:
            path = tmp_path / "photos" / photo.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
    path, _ = export("sorted", format="folders")
    assert sorted(one.name for one in (path / "wolf").iterdir()) == ["a__1.jpg", "a__2.jpg"]
    assert (path / "wolf" / "a__1.jpg").is_file()


def test_export_refuses_a_label_that_is_not_there(export, tmp_path):
    with pytest.raises(UsageError, match="no label called 'specie'"):
        export("out.megadetector.json", format_options={"label": "specie"})
    assert list(tmp_path.glob("out*")) == []


def test_export_of_a_label_without_a_model(export):
    names, images = megadetector(export, format_options={"label": "count"})
    assert names == {"0": "2"}
    assert images[0]["detections"][0]["classifications"] == [["0", 1.0]]
