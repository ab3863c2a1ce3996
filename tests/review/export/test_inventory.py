from dataclasses import replace

import pytest
from review_events import BOX, keys_of, make_event, with_boxes

from ctc.artifacts.boxes import detections_from_json
from ctc.artifacts.inventory import Inventory
from ctc.artifacts.review.answer import Answer
from ctc.errors import OutputExistsError, UsageError


def rows(path):
    return Inventory.read(path).table.to_pylist()


def test_export_inventory_of_reviewed_events(export, tmp_path):
    path, result = export("reviewed.parquet", only_reviewed=True)
    (row,) = rows(path)
    assert (result.format, result.events, result.reviewed) == ("inventory", 1, 1)
    assert row["event_id"] == "a"
    assert row["images"] == ["a/1.jpg", "a/2.jpg"]
    assert (row["species"], row["count"]) == ("wolf", "2")
    assert (row["location"], row["datetime"]) == ("north", "2025-06-01T12:00:00")
    assert (row["reviewed_by"], row["altitude"]) == ("Ann | Bob", "300")
    assert row["reviewed_at"] == "2025-06-15T15:06:40.000Z"
    assert Inventory.read(path).image_root == tmp_path / "photos"
    assert Inventory.read(path).labels == ("species", "count")


def test_export_inventory_never_takes_the_models_answer(export):
    path, result = export("all.parquet")
    assert [row["species"] for row in rows(path)] == ["wolf", None, None, None]
    assert (result.reviewed, result.undecided) == (1, 1)


def test_export_inventory_by_the_latest_answer(export):
    path, _ = export("all.parquet", consensus="latest")
    assert [row["species"] for row in rows(path)] == ["wolf", "wolf", None, None]


def test_export_inventory_keeps_the_labels_of_the_truth(export, store):
    event = make_event("e")
    known = replace(event.predictions["species"], truth="lynx")
    store.replace_events([replace(event, predictions={"species": known})])
    path, _ = export("all.parquet")
    assert rows(path)[0]["species"] == "lynx"


def test_export_inventory_has_a_row_per_class(export, store):
    lea = store.ensure_reviewer("Lea", "lead")
    both = Answer({"species": ("fox",), "behaviour": ("eating", "resting")})
    store.answer(lea, [keys_of(store)["d"]], both)
    path, _ = export("lead.parquet", only_reviewed=True, consensus="lead")
    assert [(row["species"], row["behaviour"]) for row in rows(path)] == [
        ("fox", "eating"),
        ("fox", "resting"),
    ]


def test_export_inventory_keeps_boxes_without_the_models_classes(export, store):
    store.replace_events([with_boxes(make_event("a"))])
    path, _ = export("boxes.parquet")
    first, second = rows(path)[0]["detections"]
    assert detections_from_json(first) == (replace(BOX, labels={}),)
    assert second is None


def test_export_inventory_of_photos_that_have_moved(export, store, tmp_path):
    about = replace(store.about(), photo_root=str(tmp_path / "new"), photo_prefix="a")
    store.set_places(about, ["d/2.jpg"])
    path, _ = export("moved.parquet")
    assert rows(path)[0]["images"] == ["1.jpg", "2.jpg"]
    assert Inventory.read(path).image_root == tmp_path / "new"


def test_export_inventory_leaves_out_names_that_are_not_utf8(export, store):
    store.replace_events([make_event("a"), make_event("odd", "caf\udce9.jpg")])
    path, result = export("all.parquet")
    assert [row["event_id"] for row in rows(path)] == ["a"]
    assert dict(result.left_out) == {"event with a file name that is not UTF-8": 1}


def test_export_inventory_renames_columns_that_are_taken(export, store):
    store.replace_events([replace(make_event("a"), meta={"count": "9"})])
    path, _ = export("all.parquet")
    assert (rows(path)[0]["count"], rows(path)[0]["meta_count"]) == ("2", "9")


def test_export_events_that_are_gone(export, store):
    store.replace_events([make_event("d")])
    assert [row["event_id"] for row in rows(export("now.parquet")[0])] == ["d"]
    path, _ = export("all.parquet", with_gone=True)
    assert [(row["event_id"], row["species"]) for row in rows(path)] == [("d", None), ("a", "wolf")]


def test_export_inventory_refuses_an_output_that_exists(export):
    export("all.parquet")
    with pytest.raises(OutputExistsError):
        export("all.parquet")


def test_export_inventory_replaces_an_output_if_told(export):
    export("all.parquet")
    path, _ = export("all.parquet", overwrite=True, only_reviewed=True)
    assert len(rows(path)) == 1


def test_export_inventory_refuses_options_of_predictions(export):
    with pytest.raises(UsageError, match="--format parquet"):
        export("all.parquet", format_options={"per_photo": True})


def test_export_refuses_a_review_without_answers(export, store, tmp_path):
    store.replace_events([make_event("e")])
    with pytest.raises(UsageError, match="no reviewed event by --consensus agreed"):
        export("all.parquet", only_reviewed=True)
    assert not (tmp_path / "all.parquet").exists()
