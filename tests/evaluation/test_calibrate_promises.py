"""ctc calibrate and predict: prediction sets and dropped blanks, from the dataset to the table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.cli.main import run
from ctc.runtime.session import load_model

SPECIES = ("empty", "fox", "wolf")
EVENTS = 300


@pytest.fixture
def many_events(dataset_of, colour_event) -> Dataset:
    """A split of 300 events, each a run of its own."""
    events = [colour_event("val", i) for i in range(EVENTS)]
    return dataset_of({"val": [_alone(one) for one in events]}, {"species": SPECIES})


def _alone(event: EventRecord) -> EventRecord:
    """Return the event with a location of its own."""
    return EventRecord(
        event_id=event.event_id,
        jpegs=event.jpegs,
        sizes=event.sizes,
        labels=event.labels,
        paths=event.paths,
        meta={"location": event.event_id},
    )


@pytest.fixture
def calibrated(build_model, many_events, tmp_path) -> Path:
    """A model with sets and a limit for blanks; every sixth animal looks like another class."""
    output = tmp_path / "calibrated.onnx"
    assert calibrate(build_model(), many_events, output, "0.2") == 0
    return output


def calibrate(model: Path, dataset: Dataset, output: Path, loss: str) -> int:
    given = ["--output", str(output), "--blank-loss", loss]
    return run(["calibrate", str(model), str(dataset.folder), *given])


@pytest.fixture
def table(colour_event, tmp_path) -> Path:
    """A table of 12 events with their photos."""
    rows = ["event,image"]
    for event in (colour_event("test", i) for i in range(12)):
        for number, photo in enumerate(event.jpegs):
            name = f"{event.event_id}-{number}.jpg"
            (tmp_path / name).write_bytes(photo)
            rows.append(f"{event.event_id},{name}")
    path = tmp_path / "events.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def predict(model: Path, table: Path, output: Path, *more: str) -> int:
    given = ["--event-id", "event", "--image", "image", "--output", str(output), *more]
    return run(["predict", str(model), str(table), *given])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_calibrate_tells_and_stores_what_sets_and_blanks_promise(
    build_model, many_events, tmp_path, capsys
) -> None:
    output = tmp_path / "calibrated.onnx"
    assert calibrate(build_model(), many_events, output, "0.2") == 0
    printed = capsys.readouterr().err
    assert "'species': 300 events of 300 locations carry prediction sets up to --sets" in printed
    assert "'species': `ctc predict --drop-blanks` drops at most 20.0% of the events" in printed
    promises = load_model(output).info.promises
    units = [entry["made_for"]["unit"] for entry in promises["sets"]]
    assert units == ["event", "photo"]
    (blanks,) = promises["blanks"]
    assert (blanks["animals"], blanks["blanks"], blanks["split"]) == (200, 100, "val")
    assert blanks["lost"] / blanks["animals"] <= 0.2


def test_calibrate_tells_why_no_loss_of_blanks_is_promised(
    build_model, many_events, tmp_path, capsys
) -> None:
    output = tmp_path / "calibrated.onnx"
    assert calibrate(build_model(), many_events, output, "0.01") == 0
    assert (
        "'species': no loss of blanks of at most 1.0% is promised: 200 events with animals of 200"
        " locations; at least 299 are needed"
    ) in capsys.readouterr().err


def test_predict_writes_sets_and_marks_dropped_blanks(calibrated, table, tmp_path, capsys) -> None:
    output = tmp_path / "predictions.csv"
    assert predict(calibrated, table, output, "--sets", "0.8", "--drop-blanks") == 0
    assert "of 12 events marked as dropped blanks; at most 20.0% of the events" in (
        capsys.readouterr().err
    )
    (blanks,) = load_model(calibrated).info.promises["blanks"]
    (sets,) = (
        entry
        for entry in load_model(calibrated).info.promises["sets"]
        if entry["made_for"]["unit"] == "event"
    )
    level = sets["levels"]["0.80"]
    for row in rows_of(output):
        values = json.loads(row["predictions_all"])
        assert row["dropped"] == ("true" if values["empty"] > blanks["limit"] else "false")
        inside = {
            name
            for name, value in values.items()
            if value >= level["own"].get(name, level["others"])
        }
        assert set(json.loads(row["prediction_set"])) == (inside or {row["prediction_top"]})


def test_predict_resumes_with_the_same_decisions_only(calibrated, table, tmp_path, capsys) -> None:
    output = tmp_path / "predictions.csv"
    shard = ("--shard", "1/1", "--sets", "0.8")
    assert predict(calibrated, table, output, *shard) == 0
    part = str(output) + ".part-1-of-1"
    assert run(["merge", part, "--output", str(output)]) == 0
    assert "prediction_set" in rows_of(output)[0]


def test_predict_refuses_sets_for_another_aggregation(calibrated, table, tmp_path, capsys) -> None:
    output = tmp_path / "predictions.csv"
    assert predict(calibrated, table, output, "--sets", "0.8", "--aggregation", "max") == 2
    assert "sets were fitted for another way to predict (here: --aggregation max" in (
        capsys.readouterr().err
    )
    assert not output.exists()


def test_predict_refuses_to_drop_blanks_of_photos_without_events(
    calibrated, tmp_path, table, capsys
) -> None:
    given = ["--output", str(tmp_path / "p.csv"), "--drop-blanks"]
    assert run(["predict", str(calibrated), str(tmp_path / "test-0-0.jpg"), *given]) == 2
    assert "(here: photos in place of events" in capsys.readouterr().err
