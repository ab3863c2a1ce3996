"""One survey of six events, as predictions, inventory, review store and Camtrap DP."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import (
    Guess,
    Reviewer,
    ReviewEvent,
    ReviewLabel,
    ReviewPhoto,
    ReviewPrediction,
)
from ctc.artifacts.review.store import ReviewStore
from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.source import read_survey
from ctc.ecology.readers.times import parse_times
from ctc.ecology.survey import Survey
from ctc.errors import CtcError
from ctc.storage.paths import parse_path

CONFIG = SummaryConfig()
CLASSES = ["empty", "fox", "deer"]
EXPECTED = [
    ("north", "2024-04-02T06:00:00", "fox"),
    ("north", "2024-04-02T06:20:00", "fox"),
    ("north", "2024-04-02T06:40:00", "fox"),
    ("north", "2024-04-09T18:00:00", "deer"),
    ("south", "2024-04-03T12:00:00", "empty"),
    ("south", "2024-04-10T23:00:00", "fox"),
]


def told(survey: Survey) -> list[tuple[str, str, str]]:
    """Return station, time and answer of each answer."""
    events, answers = survey.events, survey.answers
    return [
        (events.stations[events.station[at]], str(events.time[at]), answers.names[species])
        for at, species in zip(answers.event.tolist(), answers.species.tolist(), strict=True)
    ]


def write_parquet(path: Path, columns: dict[str, list], maps: list[dict]) -> Path:
    kind = pa.map_(pa.string(), pa.float32())
    cells = pa.array([list(one.items()) for one in maps], kind)
    pq.write_table(pa.table({**columns, "predictions_all": cells}), path)
    return path


def test_read_survey_of_csv(write_predictions) -> None:
    survey = read_survey(write_predictions(), None, CONFIG)
    assert told(survey) == EXPECTED
    assert survey.events.probabilities[:, 3].tolist() == [0, 0, 1]


def test_read_survey_of_parquet(tmp_path: Path) -> None:
    columns = {
        "id": [f"e{number}" for number in range(6)],
        "label": ["species"] * 6,
        "prediction_top": [name for *_, name in EXPECTED],
        "datetime": [time for _, time, _ in EXPECTED],
        "location": [place for place, *_ in EXPECTED],
    }
    maps = [{one: float(one == name) for one in CLASSES} for *_, name in EXPECTED]
    path = write_parquet(tmp_path / "predictions.parquet", columns, maps)
    assert told(read_survey(path, None, CONFIG)) == EXPECTED


def test_read_survey_of_parquet_in_several_row_groups(tmp_path: Path) -> None:
    columns = {"id": ["a", "b", "c"], "label": ["species"] * 3, "location": ["x"] * 3}
    maps = [{"fox": 0.6, "deer": 0.4}, {"fox": 0.1, "deer": 0.9}, {"fox": 0.5, "deer": 0.5}]
    path = write_parquet(tmp_path / "p.parquet", columns, maps)
    pq.write_table(pq.read_table(path), path, row_group_size=1)
    found = read_survey(path, None, CONFIG).events
    assert found.probabilities[0].tolist() == pytest.approx([0.6, 0.1, 0.5])


def test_read_survey_of_parquet_without_all_classes(tmp_path: Path) -> None:
    columns = {"id": ["a", "b"], "label": ["species"] * 2, "location": ["x"] * 2}
    maps = [{"fox": 0.6, "empty": 0.4}, {"deer": 0.75, "fox": 0.2}]
    found = read_survey(write_parquet(tmp_path / "p.parquet", columns, maps), None, CONFIG).events
    by_class = dict(zip(found.classes, found.probabilities.round(2).tolist(), strict=True))
    assert by_class["fox"] == pytest.approx([0.6, 0.2])
    assert by_class["deer"] == pytest.approx([0, 0.75])


def test_read_survey_of_json(tmp_path: Path) -> None:
    lines = []
    for number, (place, time, name) in enumerate(EXPECTED):
        box = {"predictions": {"species": {"fox": 0.9, "deer": 0.1}}}
        entry = {
            "predictions_top": {"species": name},
            "aggregated_pred": {"species": {one: float(one == name) for one in CLASSES}},
            "images": [{"path": "a.jpg", "boxes": [box, box], "datetime": time}],
            "meta_data": {"location": place},
        }
        lines.append(f'"e{number}": {json.dumps(entry)}')
    path = tmp_path / "predictions.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    survey = read_survey(path, None, CONFIG)
    assert told(survey) == EXPECTED
    assert survey.answers.count.tolist() == [2, 2, 2, 1, 1, 2]


def test_read_survey_counts_the_most_boxes_in_one_photo(tmp_path: Path) -> None:
    rows = [("a", "1.jpg", "fox"), ("a", "1.jpg", "fox"), ("a", "2.jpg", "fox"),
            ("a", "2.jpg", "deer"), ("b", "3.jpg", "empty")]  # fmt: skip
    columns = {
        "id": [event for event, *_ in rows],
        "label": ["species"] * 5,
        "prediction_top": [name for *_, name in rows],
        "path": [path for _, path, _ in rows],
        "box_confidence": [0.9, 0.8, 0.9, 0.7, None],
        "location": ["x"] * 5,
    }
    maps = [{one: float(one == name) for one in CLASSES} for *_, name in rows]
    answers = read_survey(
        write_parquet(tmp_path / "b.parquet", columns, maps), None, CONFIG
    ).answers
    names = [answers.names[one] for one in answers.species]
    assert dict(zip(names, answers.count.tolist(), strict=True)) == {"fox": 2, "deer": 1}


def test_read_survey_takes_the_mean_of_photos(tmp_path: Path) -> None:
    columns = {
        "id": ["a", "a"],
        "label": ["species"] * 2,
        "path": ["1", "2"],
        "location": ["x"] * 2,
    }
    maps = [{"fox": 0.9, "deer": 0.1}, {"fox": 0.2, "deer": 0.8}]
    survey = read_survey(write_parquet(tmp_path / "c.parquet", columns, maps), None, CONFIG)
    assert survey.events.probabilities.ravel().tolist() == pytest.approx([0.55, 0.45])
    assert survey.answers.names[survey.answers.species[0]] == "fox"


def test_read_survey_takes_group_sizes_from_the_label_count(write_predictions) -> None:
    path = write_predictions()
    with path.open("a", newline="", encoding="utf-8") as file:
        row = ("e1", "count", "3+", 0.9, '{"1": 0.1, "3+": 0.9}', "", "", "", "", "north")
        csv.writer(file, quoting=csv.QUOTE_ALL).writerow(row)
    survey = read_survey(path, None, replace(CONFIG, label="species"))
    assert (survey.has_counts, survey.answers.count.tolist()) == (True, [3, 1, 1, 1, 1, 1])


def test_read_survey_of_an_inventory(tmp_path: Path) -> None:
    rows = [("a", "fox", "2"), ("a", "deer", "9" * 20), ("b", None, None)]
    table = pa.table(
        {
            "event_id": [event for event, *_ in rows],
            "images": [["1.jpg"]] * 3,
            "species": [name for _, name, _ in rows],
            "count": [count for *_, count in rows],
            "location": ["x"] * 3,
            "datetime": ["2024-04-02T06:00:00"] * 3,
        }
    )
    path = tmp_path / "inventory.parquet"
    Inventory(table, ("species", "count"), tmp_path).write(path)
    survey = read_survey(path, None, CONFIG)
    assert len(survey.events) == 2
    assert survey.events.probabilities is None
    assert survey.answers.count.tolist() == [2, 1]


def test_read_survey_of_an_inventory_counts_the_most_in_a_photo(tmp_path: Path) -> None:
    table = pa.table(
        {
            "event_id": ["a", "a"],
            "images": [["1.jpg", "2.jpg"]] * 2,
            "species": ["fox", "fox"],
            "count": ["1", "2"],
            "location": ["x", "x"],
            "most_in_a_photo": [2, 2],
        }
    )
    path = tmp_path / "inventory.parquet"
    Inventory(table, ("species", "count"), tmp_path).write(path)
    assert read_survey(path, None, CONFIG).answers.count.tolist() == [2]


def review_event(number: int, answer: str) -> ReviewEvent:
    prediction = ReviewPrediction(answer, 0.7, (Guess(answer, 0.7),), None, (0.3, 0.7))
    photos = (ReviewPhoto(f"{number}.jpg"),)
    return ReviewEvent("", f"e{number}", number, photos, "x", "2024-04-02T06:00:00",
                       {"species": prediction})  # fmt: skip


def test_read_survey_of_a_review_takes_the_word_of_people(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    label = ReviewLabel("species", ("empty", "fox"), ("empty", "fox"))
    with ReviewStore.open(path, make=True) as store:
        store.replace_events([review_event(0, "fox"), review_event(1, "fox")], [label])
        key = next(store.iter_events()).key
        store.answer(Reviewer("ann"), [key], Answer({"species": ("empty",)}))
    survey = read_survey(path, None, CONFIG)
    assert [name for *_, name in told(survey)] == ["empty", "fox"]
    by_class = dict(zip(survey.events.classes, survey.events.probabilities, strict=True))
    assert by_class["fox"].tolist() == pytest.approx([0, 0.7])


OBSERVATIONS = (
    "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,"
    "observationType,scientificName,count,classificationMethod,classificationProbability"
)
SPAN = (
    "2024-04-03T06:00:00+02:00,2024-04-03T06:01:00+02:00",
    "2024-04-04T06:00:00+02:00,2024-04-04T06:01:00+02:00",
)


def write_package(folder: Path) -> Path:
    tables = {
        "deployments": [
            "deploymentID,locationID,latitude,longitude,deploymentStart,deploymentEnd",
            "d1,north,48.5,11,2024-04-01T00:00:00+02:00,2024-04-11T00:00:00+02:00",
        ],
        "media": [
            "mediaID,deploymentID,timestamp,filePath,filePublic,fileMediatype,eventID",
            "m1,d1,2024-04-02T06:00:00+02:00,1.jpg,true,image/jpeg,e1",
            "m2,d1,2024-04-02T06:00:02+02:00,2.jpg,true,image/jpeg,e1",
        ],
        "observations": [
            OBSERVATIONS,
            "o1,d1,m1,e1,,,media,animal,Vulpes vulpes,2,human,",
            "o2,d1,m2,e1,,,media,animal,Vulpes vulpes,3,human,",
            f"o3,d1,,e2,{SPAN[0]},event,animal,Meles meles,1,machine,0.8",
            f"o4,d1,,e3,{SPAN[1]},event,blank,,,human,",
        ],
    }
    resources = [{"name": name, "path": f"{name}.csv"} for name in tables]
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    about = folder / "datapackage.json"
    about.write_text(json.dumps({"resources": resources}), encoding="utf-8")
    return about


def test_read_survey_of_camtrap_dp(tmp_path: Path) -> None:
    survey = read_survey(write_package(tmp_path), None, CONFIG)
    assert told(survey) == [
        ("north", "2024-04-02T06:00:00", "Vulpes vulpes"),
        ("north", "2024-04-03T06:00:00", "Meles meles"),
        ("north", "2024-04-04T06:00:00", "blank"),
    ]
    assert survey.answers.count.tolist() == [3, 1, 1]
    assert survey.events.zone.tolist() == [120, 120, 120]
    assert not survey.deployments.is_guess


def test_read_survey_takes_no_error_from_the_first_class_alone(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(
        "id,label,prediction_top,predictions_all,datetime,location\n"
        'e1,species,fox,"{""fox"": 0.4}",2024-04-02T06:00:00,north\n'
        'e2,species,hare,"{""hare"": 0.5}",2024-04-02T07:00:00,north\n'
    )
    survey = read_survey(path, None, CONFIG)
    assert survey.answers.names == ("fox", "hare")
    assert survey.events.probabilities is None
    assert survey.warnings[0].startswith("the probabilities of an event sum to 0.45 on average")


def test_read_survey_joins_deployments(write_predictions, deployments) -> None:
    survey = read_survey(write_predictions(), deployments, CONFIG)
    assert survey.events.stations == ("north", "south", "west")
    assert survey.warnings == ()


def test_read_survey_warns_of_guessed_effort(write_predictions) -> None:
    assert "trap nights are guessed" in read_survey(write_predictions(), None, CONFIG).warnings[0]


def test_read_survey_takes_names_of_deployments_for_locations(tmp_path, write_predictions) -> None:
    path = tmp_path / "named.csv"
    lines = ["deploymentID,locationID,start,end", "north,N,2024-04-01,2024-04-11",
             "south,S,2024-04-01,2024-04-11"]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    survey = read_survey(write_predictions(), path, CONFIG)
    assert [survey.events.stations[one] for one in survey.events.station[[0, 5]]] == ["N", "S"]


def test_read_survey_refuses_deployments_of_other_places(tmp_path, write_predictions) -> None:
    path = tmp_path / "other.csv"
    path.write_text("Station,start,end\nelsewhere,2024-04-01,2024-04-11\n", encoding="utf-8")
    with pytest.raises(CtcError, match="no location of the events is in the deployments"):
        read_survey(write_predictions(), path, CONFIG)


def test_read_survey_without_locations(write_predictions) -> None:
    with pytest.raises(CtcError, match="no column 'site' with values"):
        read_survey(write_predictions(), None, replace(CONFIG, location="site"))


def test_read_survey_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(CtcError, match="does not exist"):
        read_survey(tmp_path / "none.csv", None, CONFIG)


def test_read_survey_names_the_labels(write_predictions) -> None:
    with pytest.raises(CtcError, match=r"there is no label 'specie'.*species"):
        read_survey(write_predictions(), None, replace(CONFIG, label="specie"))


def test_read_survey_refuses_a_camera_at_two_places(tmp_path: Path) -> None:
    columns = {"id": ["a", "b"], "label": ["species"] * 2, "location": ["x", "y"],
               "deploymentID": ["d", "d"]}  # fmt: skip
    path = write_parquet(tmp_path / "d.parquet", columns, [{"fox": 1.0}] * 2)
    with pytest.raises(CtcError, match="camera 'd' is at"):
        read_survey(path, None, CONFIG)


def test_parse_times_of_odd_texts() -> None:
    texts = {
        "2024-04-01T10:20:30": ("2024-04-01T10:20:30", np.nan),
        "2024-04-01 10:20:30+02:00": ("2024-04-01T10:20:30", 120),
        "2024-04-01T10:20": ("2024-04-01T10:20:00", np.nan),
        "2024-04-01": ("NaT", np.nan),
        "2024-13-01T00:00:00": ("NaT", np.nan),
    }
    times, zone = parse_times(pa.chunked_array([list(texts)]))
    assert times.astype(str).tolist() == [time for time, _ in texts.values()]
    np.testing.assert_array_equal(zone, [ahead for _, ahead in texts.values()])


def test_read_survey_of_predictions_at_a_url(write_predictions, deployments) -> None:
    local = write_predictions()
    url = parse_path(f"memory://survey/{local.name}")
    url.parent.mkdir(parents=True, exist_ok=True)
    url.write_bytes(local.read_bytes())
    assert told(read_survey(url, deployments, CONFIG)) == told(
        read_survey(local, deployments, CONFIG)
    )
    broken = url.parent / "broken.csv"
    broken.write_bytes(b"\0")
    with pytest.raises(CtcError, match=r"'memory://survey/broken\.csv' ends in the middle"):
        read_survey(broken, deployments, CONFIG)
