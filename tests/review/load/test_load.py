import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from review_events import FOX
from review_predictions import event, photo, two_events, two_events_with_boxes, write_predictions

from ctc.artifacts.boxes import Box, Detection, LabelledBox
from ctc.artifacts.inventory import Inventory
from ctc.artifacts.predictions import BoxPrediction
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import Guess, ReviewLabel
from ctc.errors import CtcError, InputError, UsageError
from ctc.review.load.load import LoadConfig, load_predictions, repoint_photos

FORMATS = [
    (".csv", {"per_photo": True}),
    (".parquet", {"per_photo": True}),
    (".json", {}),
]
TWO_SPECIES = ("fox", "wolf", "empty")


def load(path, store, photos=None, **options):
    config = LoadConfig(photos=None if photos is None else str(photos), **options)
    return load_predictions(path, store, config)


def first(store):
    return next(store.iter_events())


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
def test_load_predictions_of_a_format(tmp_path, store, photo_root, suffix, options):
    summary = load(write_predictions(tmp_path, suffix, **options), store, photo_root)
    assert (summary.result.events, summary.photos, summary.missing) == (2, 3, ())
    found = first(store)
    assert (found.id, found.place, found.time[:10]) == ("first", "north", "2025-06-01")
    assert [one.path for one in found.photos] == ["a/1.jpg", "a/2.jpg"]
    assert found.photos[0].taken == "2025-06-01T12:00:05"
    assert found.meta["altitude"] == "300"


def test_load_predictions_takes_folders_of_a_card_for_one_place(tmp_path, store):
    rows = (
        f'{folder}/1.jpg,species,fox,0.75,"{{""fox"": 0.75}}"'
        for folder in ("100RECNX", "101RECNX")
    )
    table = tmp_path / "p.csv"
    header = "id,label,prediction_top,confidence_top,predictions_all"
    table.write_text("\n".join([header, *(f"N/DCIM/{row}" for row in rows)]))
    load(table, store)
    assert [one.place for one in store.iter_events()] == ["N", "N"]


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
def test_load_predictions_keeps_answers_and_guesses(tmp_path, store, suffix, options):
    load(write_predictions(tmp_path, suffix, **options), store)
    one = first(store).predictions["species"]
    assert (one.answer, one.confidence) == ("fox", 0.5)
    assert one.guesses == (Guess("fox", 0.5), Guess("wolf", 0.25), Guess("empty", 0.25))
    assert one.probabilities == (0.5, 0.25, 0.25)
    assert one.columns["prediction_set"] == ("fox", "wolf")
    assert one.columns["dropped"] is False
    assert first(store).blank == 0.25


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
def test_load_predictions_of_a_multi_label_label(tmp_path, store, suffix, options):
    load(write_predictions(tmp_path, suffix, **options), store)
    present = [one.predictions["behaviour"].present for one in store.iter_events()]
    assert present == [("eating", "resting"), ()]
    assert store.labels()[1] == ReviewLabel(
        "behaviour", ("eating", "resting"), ("eating", "resting"), multi_label=True
    )


@pytest.mark.parametrize(
    ("suffix", "options"), [(".csv", {"per_box": True}), (".parquet", {"per_box": True})]
)
def test_load_predictions_per_box(tmp_path, store, suffix, options):
    path = write_predictions(tmp_path, suffix, two_events_with_boxes(), **options)
    load(path, store)
    box = Box(0.25, 0.5, 0.125, 0.25, confidence=0.75)
    labels = {"species": "fox", "behaviour": "eating"}
    assert first(store).photos[0].boxes == (LabelledBox(box, "animal", labels),)
    assert first(store).predictions["species"].answer == "fox"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_load_predictions_of_a_box_at_the_edge(tmp_path, store, suffix):
    (one, _) = two_events_with_boxes()
    (shown,) = one.images
    edge = Detection(Box(0, 0, 0.5, 0.25, confidence=0.75), "animal", "animal")
    boxes = (BoxPrediction(edge, shown.probabilities), *shown.boxes)
    one = replace(one, images=(replace(shown, boxes=boxes),))
    load(write_predictions(tmp_path, suffix, [one], per_box=True), store)
    assert [box.box.x for box in first(store).photos[0].boxes] == [0, 0.25]


def test_load_predictions_of_json_with_boxes(tmp_path, store):
    load(write_predictions(tmp_path, ".json", two_events_with_boxes()), store)
    (box,) = first(store).photos[0].boxes
    assert (box.category, box.labels) == ("animal", {"species": "fox", "behaviour": "eating"})


def test_load_predictions_per_event_whose_ids_are_photos(tmp_path, store):
    events = [event("a/1.jpg", photo("a/1.jpg", 1, 0, 0, 1, 0, taken="2025-06-01T12:00:00"))]
    load(write_predictions(tmp_path, ".csv", events), store)
    assert [one.path for one in first(store).photos] == ["a/1.jpg"]


def test_load_predictions_without_photos_says_how_to_get_them(tmp_path, store):
    with pytest.raises(UsageError) as error:
        load(write_predictions(tmp_path, ".csv"), store)
    assert str(error.value) == (
        "the predictions do not name the photos of their events, such as 'first': predict with"
        " --per-photo or as .json, or give the inventory with --truth"
    )
    assert store.count_states() == {}


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_load_predictions_of_the_most_likely_classes_alone(tmp_path, store, suffix):
    options = {"per_photo": True} if suffix == ".csv" else {}
    load(write_predictions(tmp_path, suffix, max_classes=1, **options), store)
    one = first(store).predictions["species"]
    assert (one.answer, one.guesses[0].name, one.probabilities) == ("fox", "fox", ())


def test_load_predictions_keeps_unknown_answers_and_taxa(tmp_path, store):
    unknown, rolled = two_events()
    unknown = replace(unknown, decided={"species": ("unknown", 0.5)})
    rolled = rolled.with_columns("species", {"rank": "family"}, ("Canidae", 0.9))
    unknown = unknown.with_columns("species", {"rank": None})
    load(write_predictions(tmp_path, ".json", [unknown, rolled]), store)
    answers = [one.predictions["species"].answer for one in store.iter_events()]
    assert answers == ["unknown", "Canidae"]
    assert store.labels()[0].classes == (*TWO_SPECIES, "Canidae")


def test_load_predictions_of_megadetector(tmp_path, store):
    path = write_predictions(tmp_path, ".megadetector.json", two_events_with_boxes())
    load(path, store)
    found = first(store)
    assert (found.id, found.predictions["species"].answer) == ("a/1.jpg", "fox")
    assert found.predictions["species"].confidence == pytest.approx(0.75 * 0.75)
    assert found.blank == pytest.approx(0.25)
    assert found.photos[0].boxes[0].labels == {"species": "fox"}


def test_load_predictions_of_videos_shows_the_frames_that_were_looked_at(tmp_path, store):
    video = {
        "file": "a/1.mp4",
        "frame_rate": 10,
        "frames_processed": [0, 10, 20],
        "detections": [box("1", 0.9) | {"frame_number": 20}],
        "datetime": "2025:06:01 12:00:59",
    }
    path = tmp_path / "boxes.json"
    path.write_text(
        json.dumps({"images": [video], "detection_categories": {"1": "animal"}, "info": {}})
    )
    load(path, store)
    found = first(store)
    assert (found.id, found.predictions["species"].answer) == ("a/1.mp4", "animal")
    assert [(one.path, one.taken, len(one.boxes)) for one in found.photos] == [
        ("a/1.mp4#t=0", "2025-06-01T12:00:59", 0),
        ("a/1.mp4#t=1", "2025-06-01T12:01:00", 0),
        ("a/1.mp4#t=2", "2025-06-01T12:01:01", 1),
    ]


def test_load_predictions_of_a_detector_alone(tmp_path, store):
    document = {
        "images": [
            {"file": "a/1.jpg", "detections": [box("1", 0.9), box("2", 0.3)]},
            {"file": "a/2.jpg", "detections": [box("1", 0.1)], "datetime": "2025:06:01 12:00:00"},
            {"file": "b/1.jpg", "detections": None, "failure": "can't be read"},
        ],
        "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
        "info": {"format_version": "1.6"},
    }
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(document))
    summary = load(path, store)
    answers = [one.predictions["species"].answer for one in store.iter_events()]
    assert answers == ["animal", "empty"]
    assert summary.notes[0] == "1 photo that failed is not in the review"
    assert list(store.iter_events())[1].time == "2025-06-01T12:00:00"


def box(category, confidence):
    return {"category": category, "conf": confidence, "bbox": [0.1, 0.2, 0.3, 0.4]}


def test_load_predictions_scores_doubt_and_worth(tmp_path, store):
    load(write_predictions(tmp_path, ".json"), store)
    one = first(store).predictions["species"]
    assert one.doubt == 0.75
    assert one.worth > 0
    assert one.label_error is None


def test_load_predictions_with_truth_finds_label_errors(tmp_path, store):
    truth = write_inventory(tmp_path, {"first": "wolf", "second": "empty"})
    load(write_predictions(tmp_path, ".json"), store, truth=truth)
    found = [one.predictions["species"] for one in store.iter_events()]
    assert [one.truth for one in found] == ["wolf", "empty"]
    assert [one.label_error is None for one in found] == [False, True]


def test_load_predictions_joins_truth_by_photo(tmp_path, store, photo_root):
    truth = write_inventory(tmp_path, {"e1": "wolf", "e2": "empty"}, photo_root)
    load(write_predictions(tmp_path, ".json"), store, photo_root, truth=truth)
    assert [one.predictions["species"].truth for one in store.iter_events()] == ["wolf", "empty"]


def test_load_predictions_takes_photos_from_the_truth(tmp_path, store, photo_root):
    truth = write_inventory(tmp_path, {"first": None, "second": None}, photo_root)
    summary = load(write_predictions(tmp_path, ".csv"), store, truth=truth)
    assert (summary.photos, summary.missing) == (3, ())


def test_load_predictions_refuses_a_truth_of_other_events(tmp_path, store):
    truth = write_inventory(tmp_path, {"x": "wolf", "y": "wolf"}, tmp_path / "elsewhere")
    with pytest.raises(InputError, match="the truth has none of the 2 events, nor their photos"):
        load(write_predictions(tmp_path, ".json"), store, truth=truth)


def write_inventory(folder, species, root=None):
    table = pa.table(
        {
            "event_id": list(species),
            "images": [["a/1.jpg", "a/2.jpg"], ["b/1.jpg"]],
            "species": pa.array(list(species.values()), pa.string()),
        }
    )
    path = folder / "inventory.parquet"
    Inventory(table, ("species",), root or folder).write(path)
    return path


def test_load_predictions_again_keeps_answers(tmp_path, store):
    path = write_predictions(tmp_path, ".json")
    load(path, store)
    store.answer(store.ensure_reviewer("Ann"), [first(store).key], FOX)
    summary = load(write_predictions(tmp_path, ".csv", per_photo=True), store)
    assert (summary.result.new, summary.result.answered) == (0, 1)
    assert first(store).answer == FOX


def test_load_predictions_tells_of_answers_whose_event_is_gone(tmp_path, store):
    load(write_predictions(tmp_path, ".json"), store)
    store.answer(store.ensure_reviewer("Ann"), [first(store).key], FOX)
    summary = load(write_predictions(tmp_path, ".json", two_events()[1:]), store)
    assert "1 event with answers is not in these predictions: the answers are kept" in summary.notes


def test_load_predictions_adds_further_labels(tmp_path, store):
    count = ReviewLabel("count", is_open=True)
    load(write_predictions(tmp_path, ".json"), store, labels=(count,))
    store.answer(store.ensure_reviewer("Ann"), [first(store).key], Answer({"count": ("2",)}))
    assert [label.name for label in store.labels()] == ["species", "behaviour", "count"]


def test_load_predictions_remembers_its_file(tmp_path, store, photo_root):
    path = write_predictions(tmp_path, ".json")
    load(path, store, photo_root)
    about = store.about()
    assert (about.predictions, about.photo_root) == (str(path), str(photo_root))
    assert len(about.digest) == 32


def test_load_predictions_remembers_when_a_file_came_first(tmp_path, store):
    path = write_predictions(tmp_path, ".csv", per_photo=True)
    load(path, store)
    came = store.about().loaded_at

    load(path, store)
    again = store.about().loaded_at
    load(write_predictions(tmp_path, ".json"), store)

    assert again == came
    assert store.about().loaded_at > came


def test_load_predictions_says_which_photos_are_missing(tmp_path, store, photo_root):
    (photo_root / "a" / "2.jpg").unlink()
    summary = load(write_predictions(tmp_path, ".json"), store, photo_root)
    assert summary.missing == ("a/2.jpg",)
    assert [one.is_missing for one in first(store).photos] == [False, True]
    place = photo_root / "a" / "2.jpg"
    assert summary.notes[0] == (
        f"1 of 3 photos is missing, such as '{place}': say where with --photos ROOT; answers stay"
    )


def test_repoint_photos_finds_them_elsewhere_and_keeps_answers(tmp_path, store, photo_root):
    load(write_predictions(tmp_path, ".json"), store, tmp_path / "nowhere")
    store.answer(store.ensure_reviewer("Ann"), [first(store).key], FOX)
    summary = repoint_photos(store, str(photo_root))
    assert (summary.missing, summary.result.answered) == ((), 1)
    found = first(store)
    assert (found.answer, found.photos[0].is_missing) == (FOX, False)
    assert store.photo_location(found.photos[0]) == str(photo_root / "a" / "1.jpg")


def test_load_predictions_of_names_that_are_not_unicode(tmp_path, store):
    name = b"a/\xe9.jpg".decode(errors="surrogateescape")
    odd = event("\udce9", photo(name, 1, 0, 0, 1, 0, taken=""), place="\udce9")
    load(write_predictions(tmp_path, ".json", [odd]), store)
    assert (first(store).photos[0].path, first(store).id) == (name, "\udce9")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", "id,label\n1,fox\n", "has no column 'predictions_all'"),
        ("p.csv", "id,label,predictions_all\n", "there is no prediction"),
        ("p.csv", 'id,label,predictions_all\n1,s,"{""fox"": ""x""}"\n', "is not a number"),
        ("p.csv", 'id,label,predictions_all,path\n1,s,"{""fox"": 7}",a.jpg\n', "from 0 to 1"),
        ("p.json", "{", "there is no prediction"),
        ("p.json", '{\n"1": {"predictions_top": {}}\n}\n', "is not as `ctc predict` writes it"),
        ("p.json", '{"images": []}', "it has no 'detection_categories'"),
        ("p.json", '{"images": [{"file": 1}], "detection_categories": {}}', "no prediction"),
        ("p.parquet", "PAR1", "can't be read as a Parquet file"),
        ("p.txt", "x", "is a text file, not a prediction file"),
    ],
)
def test_load_predictions_refuses(tmp_path, store, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(CtcError, match=message):
        load(path, store)
    assert store.count_states() == {}


@pytest.mark.parametrize("name", ["none.csv", "none.json", "none.parquet"])
def test_load_predictions_needs_a_file(tmp_path, store, name):
    with pytest.raises(UsageError, match="does not exist"):
        load(tmp_path / name, store)


def test_load_predictions_leaves_out_a_label_of_some_events(tmp_path, store):
    path = tmp_path / "p.csv"
    rows = ['1,s,"{""fox"": 1}",a.jpg', '2,t,"{""fox"": 1}",b.jpg']
    path.write_text("\n".join(["id,label,predictions_all,path", *rows]))
    with pytest.raises(InputError, match="1 of 2 rows have no prediction of label 's'"):
        load(path, store)


def test_probabilities_are_those_of_the_file(tmp_path, store):
    load(write_predictions(tmp_path, ".json"), store)
    values = [one.predictions["behaviour"].probabilities for one in store.iter_events()]
    assert np.allclose(values, [(0.8, 0.7), (0.1, 0.2)])
