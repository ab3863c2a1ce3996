"""Answers at a rank, in the formats that name taxa in a way of their own."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import option_values

CLASSES = {"species": ("cat", "lynx", "blank")}
FELIDAE = {"class": "mammalia", "family": "felidae"}
TAXONOMY = {
    "cat": {**FELIDAE, "genus": "felis", "species": "catus", "common_name": "domestic cat"},
    "lynx": {**FELIDAE, "genus": "lynx", "species": "lynx"},
    "Felidae": {**FELIDAE, "taxon_id": "https://www.gbif.org/species/9703"},
}
SETTINGS = {
    "taxonomy": {"species": TAXONOMY},
    "decisions": {
        "ranks": {
            "species": {
                "taxonomy": TAXONOMY,
                "thresholds": {},
                "ranks": {"species": None, "genus": None, "family": 0.75, "class": None},
            }
        }
    },
}


def photo(name: str, *numbers: float) -> ImagePrediction:
    return ImagePrediction(
        f"/photos/{name}", {"species": np.array(numbers, np.float32)}, taken="2026-01-02T03:04:05"
    )


ROLLED_UP = EventPrediction(
    "1",
    CLASSES,
    {"species": np.array((0.5, 0.375, 0.125), np.float32)},
    (photo("a.jpg", 0.5, 0.25, 0.25), photo("b.jpg", 0.25, 0.25, 0.5)),
).with_columns("species", {"rank": "family"}, ("Felidae", 0.875))
CAT = EventPrediction(
    "2",
    CLASSES,
    {"species": np.array((1, 0, 0), np.float32)},
    (photo("c.jpg", 1, 0, 0),),
).with_columns("species", {"rank": "species"}, ("cat", 1.0))


def write(name: str, path: Path, entries=(ROLLED_UP, CAT), **options: str) -> Path:
    record = plugins().get(OutputFormat, name)
    context = OutputContext(
        "model.onnx",
        CLASSES,
        datetime(2026, 1, 2, tzinfo=UTC),
        Path("/photos"),
        option_values(record, options),
        settings=SETTINGS,
    )
    record.write(iter(entries), path, context)
    return path


def test_megadetector_lists_the_taxon_before_its_classes(tmp_path) -> None:
    written = json.loads(write("megadetector", tmp_path / "p.json").read_text())
    assert written["classification_categories"] == {
        "0": "cat",
        "1": "lynx",
        "2": "blank",
        "3": "Felidae",
    }
    assert written["classification_category_descriptions"]["3"] == ";mammalia;;felidae;;;Felidae"
    first, second, third = written["images"]
    assert first["detections"][0]["classifications"] == [["3", 0.75], ["0", 0.5], ["1", 0.25]]
    assert second["detections"] == []  # most probably blank
    assert third["detections"][0]["classifications"] == [["0", 1.0]]


def test_megadetector_leaves_out_a_class_with_all_of_its_taxon(tmp_path) -> None:
    only_cat = replace(ROLLED_UP, images=(photo("a.jpg", 0.75, 0, 0.25),))
    written = json.loads(write("megadetector", tmp_path / "p.json", entries=[only_cat]).read_text())
    (detection,) = written["images"][0]["detections"]
    assert detection["classifications"] == [["3", 0.75]]


@pytest.fixture
def package(tmp_path) -> Path:
    return write("camtrap-dp", tmp_path / "package", time_zone="+00:00")


def test_camtrap_dp_has_the_scientific_name_of_the_answer(package) -> None:
    with (package / "observations.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["observationLevel"] == "event"]
    assert [(row["scientificName"], row["classificationProbability"]) for row in rows] == [
        ("Felidae", "0.875"),
        ("Felis catus", "1.0"),
    ]


def test_camtrap_dp_describes_the_taxa_that_occur(package) -> None:
    cats = {"kingdom": "Animalia", "class": "Mammalia", "family": "Felidae"}
    assert json.loads((package / "datapackage.json").read_text())["taxonomic"] == [
        {
            "scientificName": "Felidae",
            "taxonID": "https://www.gbif.org/species/9703",
            "taxonRank": "family",
            **cats,
        },
        {
            "scientificName": "Felis catus",
            "taxonRank": "species",
            **cats,
            "genus": "Felis",
            "vernacularNames": {"und": "domestic cat"},
        },
    ]
