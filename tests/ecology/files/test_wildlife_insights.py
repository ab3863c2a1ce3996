"""Tables for Wildlife Insights: a row per photo and species."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from study_world import make_survey

from ctc.artifacts.inventory import Inventory
from ctc.ecology.config import SummaryConfig
from ctc.ecology.files.wildlife_insights import CAMERAS, DEPLOYMENTS, IMAGES, PROJECTS
from ctc.ecology.files.wildlife_insights import wildlife_insights_tables as tables_of
from ctc.ecology.readers.source import read_survey
from ctc.ecology.study import count_survey
from ctc.ecology.survey import Survey

CONFIG = SummaryConfig()


def images(survey: Survey, *names: str) -> list[tuple]:
    table = tables_of(count_survey(survey, CONFIG))[3]
    return list(zip(*(table.data[name].to_pylist() for name in names), strict=True))


def test_tables_have_the_columns_of_the_templates() -> None:
    tables = tables_of(count_survey(make_survey([(0, 0, 1, 1)]), CONFIG))
    assert [tuple(one.columns) for one in tables] == [PROJECTS, CAMERAS, DEPLOYMENTS, IMAGES]


def test_images_of_events_without_known_photos() -> None:
    survey = make_survey([(0, 60, 1, 3), (1, 90, 0, 1)])
    assert images(survey, "image_id", "common_name", "number_of_objects", "timestamp") == [
        ("e0", "fox", 3, "2024-04-01 00:01:00"),
        ("e1", "Blank", None, "2024-04-01 00:01:30"),
    ]


def test_images_of_an_event_without_an_answer() -> None:
    survey = make_survey([(0, 60, 1, 3), (1, 90, 0, 1)])
    answers = replace(survey.answers, **{
        name: getattr(survey.answers, name)[:1] for name in ("event", "species", "count")
    })  # fmt: skip
    found = images(replace(survey, answers=answers), "image_id", "wi_taxon_id", "common_name")
    assert found == [("e0", "", "fox"), ("e1", None, None)]


def test_images_name_taxa() -> None:
    survey = make_survey([(0, 60, 1, 1), (0, 70, 0, 1), (0, 80, 2, 1)])
    answers = replace(survey.answers, names=("human", "Vulpes vulpes", "Sus"))
    config = replace(CONFIG, species=("Vulpes vulpes",))
    table = tables_of(count_survey(replace(survey, answers=answers), config))[3]
    told = [table.data[name].to_pylist() for name in ("genus", "species", "common_name")]
    assert list(zip(*told, strict=True)) == [
        ("Vulpes", "vulpes", ""), ("Homo", "sapiens", "Human"), ("", "", "Sus")
    ]  # fmt: skip


PER_PHOTO = """\
id,label,prediction_top,predictions_all,path,datetime,location
e1,species,fox,"{""fox"": 0.9, ""empty"": 0.1}",north/1.jpg,2024-04-02T06:00:00,north
e1,species,fox,"{""fox"": 0.8, ""empty"": 0.2}",north/2.jpg,2024-04-02T06:00:03,north
e2,species,empty,"{""fox"": 0.1, ""empty"": 0.9}",north/3.mp4#t=0,2024-04-02T07:00:00,north
e2,species,empty,"{""fox"": 0.1, ""empty"": 0.9}",north/3.mp4#t=1.5,2024-04-02T07:00:00,north
"""


def test_images_of_predictions_per_photo(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(PER_PHOTO, encoding="utf-8")
    survey = read_survey(path, None, CONFIG)
    assert images(survey, "identified_by") == [("ctc",)] * 3
    columns = "image_id", "external_sequence_id", "common_name", "timestamp", "sequence_start_time"
    assert images(survey, *columns) == [
        ("north/1.jpg", "e1", "fox", "2024-04-02 06:00:00", "2024-04-02 06:00:00"),
        ("north/2.jpg", "e1", "fox", "2024-04-02 06:00:03", "2024-04-02 06:00:00"),
        ("north/3.mp4", "e2", "Blank", "2024-04-02 07:00:00", "2024-04-02 07:00:00"),
    ]


def test_images_of_predictions_as_json(tmp_path: Path) -> None:
    photos = [{"path": f"{n}.jpg", "datetime": f"2024-04-02T06:00:0{n}"} for n in (1, 2)]
    entry = {
        "predictions_top": {"species": "fox"},
        "aggregated_pred": {"species": {"fox": 0.9, "empty": 0.1}},
        "images": [*photos, {"path": "3.jpg"}],
        "meta_data": {"location": "north"},
    }
    path = tmp_path / "predictions.json"
    path.write_text('{\n"e1": ' + json.dumps(entry) + "\n}\n", encoding="utf-8")
    assert images(read_survey(path, None, CONFIG), "location", "timestamp") == [
        ("1.jpg", "2024-04-02 06:00:01"), ("2.jpg", "2024-04-02 06:00:02"), ("3.jpg", None)
    ]  # fmt: skip


def test_images_name_who_identified_them(tmp_path: Path) -> None:
    header = "id,label,prediction_top,predictions_all,datetime,location,classified_by\n"
    rows = [
        f'e{second},species,fox,"{{""fox"": 1.0}}",2024-04-02T06:00:0{second},north,{name}\n'
        for second, name in enumerate(("Ann", ""))
    ]
    path = tmp_path / "predictions.csv"
    path.write_text(header + "".join(rows), encoding="utf-8")
    found = images(read_survey(path, None, CONFIG), "image_id", "identified_by")
    assert found == [("e0", "Ann"), ("e1", "ctc")]


def test_images_of_an_inventory_have_a_row_per_species(tmp_path: Path) -> None:
    table = pa.table(
        {
            "event_id": ["a", "a"],
            "images": [["1.jpg", "2.jpg"]] * 2,
            "species": ["fox", "deer"],
            "location": ["x"] * 2,
            "reviewed_by": ["Ann"] * 2,
            "datetime": [["2024-04-02T06:00:00", "2024-04-02T06:00:05"]] * 2,
        }
    )
    path = tmp_path / "inventory.parquet"
    Inventory(table, ("species",), tmp_path).write(path)
    survey = read_survey(path, None, CONFIG)
    assert images(survey, "identified_by") == [("Ann",)] * 4
    assert images(survey, "image_id", "common_name", "timestamp") == [
        ("1.jpg", "fox", "2024-04-02 06:00:00"),
        ("1.jpg", "deer", "2024-04-02 06:00:00"),
        ("2.jpg", "fox", "2024-04-02 06:00:05"),
        ("2.jpg", "deer", "2024-04-02 06:00:05"),
    ]


def test_survey_has_each_photo_once(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(PER_PHOTO, encoding="utf-8")
    photos = read_survey(path, None, CONFIG).photos
    assert photos is not None
    np.testing.assert_array_equal(photos.event, [0, 0, 1])
