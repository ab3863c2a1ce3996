"""ctc report"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.store import ReviewStore
from ctc.cli.main import run
from ctc.review.load.load import LoadConfig, load_predictions


@pytest.fixture
def predictions(data, tmp_path: Path) -> Path:
    """A prediction file of six events, each named after its photo."""
    path = tmp_path / "predictions.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(
            [
                "id",
                "label",
                "prediction_top",
                "confidence_top",
                "predictions_all",
                "location",
                "datetime",
            ]
        )
        for event in range(6):
            shares = data.events.probabilities["species"][event].tolist()
            cell = json.dumps(dict(zip(data.classes["species"], shares, strict=True)))
            photo = Path(data.events.paths[event]).name
            rows.writerow(
                [
                    photo,
                    "species",
                    "",
                    "",
                    cell,
                    data.locations[event % 3],
                    data.timestamps[event],
                ]
            )
    return path


def report(predictions: Path, *more: str) -> tuple[int, Path]:
    output = predictions.parent / "report"
    arguments = [
        "report",
        str(predictions),
        "--output",
        str(output),
        "--image-root",
        str(predictions.parent),
        *more,
    ]
    return run(arguments), output / "report.html"


def test_prediction_report_shows_classes_locations_hours_and_photos(
    predictions, read_page, capsys
) -> None:
    code, written = report(predictions)
    page = read_page(written)
    told = capsys.readouterr()
    assert (code, told.out.strip()) == (0, str(written))
    counts, classes = told.err.splitlines()
    assert counts == "6 events, 3 locations"
    assert classes.startswith("species: empty (2), ")
    assert classes.endswith("🦊 (1)")
    assert (page.unmatched, page.all("script", "src")) == ([], [])
    assert len(page.all("img", "src")) == 12
    for part in (
        "Predictions of 6 events",
        "They come from 3 locations",
        "Events by location",
        "Activity by hour of the day",
    ):
        assert part in page.text
    assert "Events of all classes by hour: the maximum is 1 at 0:00" in page.all(
        "svg", "aria-label"
    )
    assert page.source.count("<script>") == 1


def test_prediction_report_notes_missing_locations_and_times(predictions, read_page) -> None:
    with predictions.open(newline="", encoding="utf-8") as file:
        rows = [row[:5] for row in csv.reader(file)]
    with predictions.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    page = read_page(report(predictions)[1])
    assert "Counts by location are left out" in page.text
    assert "Activity by hour is left out" in page.text
    assert "Events by location" not in page.text
    assert page.all("svg", "aria-label") == []


def test_prediction_report_lists_failures(predictions, read_page) -> None:
    failures = predictions.with_name("predictions.csv.failures.csv")
    failures.write_text("path,reason\n<x>.jpg,empty file\n", encoding="utf-8")
    assert "<x>.jpg: empty file" in read_page(report(predictions)[1]).text


def test_report_command_rejects_invalid_failure_file(predictions, capsys) -> None:
    predictions.with_name("predictions.csv.failures.csv").write_text("a,b\n1,2\n")
    assert report(predictions)[0] == 1
    assert "has no column 'path'" in capsys.readouterr().err


def test_prediction_report_without_thumbnails(predictions, read_page) -> None:
    assert read_page(report(predictions, "--thumbnails", "0")[1]).all("img", "src") == []


def test_report_command_overwrites_only_on_request(predictions, capsys) -> None:
    assert (report(predictions)[0], report(predictions)[0]) == (0, 2)
    assert "exists already" in capsys.readouterr().err
    assert report(predictions, "--overwrite")[0] == 0


def test_report_command_rejects_invalid_probabilities(predictions, capsys) -> None:
    predictions.write_text(predictions.read_text().replace("0.5", "NaN", 1))
    assert report(predictions)[0] == 1
    assert "not numbers from 0 to 1" in capsys.readouterr().err


@pytest.fixture
def reviewed(predictions: Path) -> Path:
    """A store of the predictions, with an answer to each event that says what is predicted."""
    path = predictions.parent / "review.sqlite"
    with ReviewStore.open(path, make=True) as store:
        load_predictions(predictions, store, LoadConfig(photos=str(predictions.parent)))
        ann = store.ensure_reviewer("Ann")
        for event in store.iter_events():
            answer = Answer({"species": (event.predictions["species"].answer,)})
            store.answer(ann, [event.key], answer)
    return path


def test_prediction_report_shows_what_the_audit_has_shown(predictions, reviewed, read_page) -> None:
    code, written = report(predictions, "--store", str(reviewed))

    page = read_page(written)
    assert (code, page.unmatched) == (0, [])
    for part in (
        "Predictions of 6 events.",
        "A random audit by people has shown 4 of 4 claims.",
        "at most 2.0% of the events with animals are among the 2 'empty'",
        "People answered events that were drawn at random.",
    ):
        assert part in page.text


def test_prediction_report_takes_targets(predictions, reviewed, read_page) -> None:
    code, written = report(predictions, "--store", str(reviewed), "--audit-precision", "0.8")

    assert code == 0
    assert "at least 80.0% of the" in read_page(written).text


def test_prediction_report_refuses_a_store_of_other_events(predictions, reviewed, capsys) -> None:
    rows = predictions.read_text(encoding="utf-8").splitlines(keepends=True)
    predictions.write_text("".join(rows[:-1]), encoding="utf-8")

    code, written = report(predictions, "--store", str(reviewed))

    assert (code, written.exists()) == (2, False)
    assert "has other events than the predictions: load these first" in capsys.readouterr().err
