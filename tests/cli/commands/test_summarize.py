"""ctc summarize: its files, its page, and what it says of bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from study_world import DEPLOYMENTS, write_predictions

from ctc.cli.main import run


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    (tmp_path / "deployments.csv").write_text(DEPLOYMENTS, encoding="utf-8")
    return write_predictions(tmp_path / "predictions.csv")


def summarize(predictions: Path, *more: str) -> tuple[int, Path]:
    folder = predictions.parent
    output = folder / "summary"
    table = ["--deployments", str(folder / "deployments.csv")]
    code = run(["summarize", str(predictions), *table, "--output", str(output), *more])
    return code, output


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_summarize_counts_records(predictions: Path) -> None:
    code, output = summarize(predictions)
    found = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert code == 0
    assert (found["records"], found["units"]) == (3, 3)
    assert found["trap_nights"] == 28  # 3 · 10 nights, without 2 days
    assert found["species"]["fox"]["hard"]["records"]["value"] == 2
    assert found["species"]["fox"]["hard"]["rate"]["value"] == pytest.approx(200 / 28, rel=1e-4)


def test_summarize_puts_the_error_into_its_figures(predictions: Path) -> None:
    _, output = summarize(predictions)
    found = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    drawn = found["species"]["deer"]["drawn"]["records"]
    assert drawn["value"] == pytest.approx(1.4, abs=0.1)
    assert (drawn["low"], drawn["high"]) == (1, 2)


def test_summarize_by_the_other_rule(predictions: Path) -> None:
    _, output = summarize(predictions, "--rule", "last-independent")
    found = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert found["species"]["fox"]["hard"]["records"]["value"] == 3


def test_summarize_with_another_independence(predictions: Path) -> None:
    _, output = summarize(predictions, "--independence", "20min")
    found = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert found["species"]["fox"]["hard"]["records"]["value"] == 4


def test_summarize_writes_the_record_table(predictions: Path) -> None:
    _, output = summarize(predictions)
    header, *rows = rows_of(output / "record_table.csv")
    assert header[:6] == ["Station", "Camera", "Species", "DateTimeOriginal", "Date", "Time"]
    assert [row[:4] for row in rows] == [
        ["north", "north", "deer", "2024-04-09 18:00:00"],
        ["north", "north", "fox", "2024-04-02 06:00:00"],
        ["south", "south", "fox", "2024-04-10 23:00:00"],
    ]
    assert rows[1][header.index("n_events")] == "3"


def test_summarize_writes_the_operation_matrix(predictions: Path) -> None:
    _, output = summarize(predictions)
    header, north, south, _ = rows_of(output / "operation_matrix.csv")
    assert header[1] == "2024-04-01"
    assert north == ["north", "0.5", *["1"] * 9, "0.5"]
    assert south[4:8] == ["1", "0", "0", "1"]


def test_summarize_writes_histories(predictions: Path) -> None:
    _, output = summarize(predictions)
    folder = output / "histories"
    assert rows_of(folder / "y_fox.csv") == [
        ["site", "o1", "o2"], ["north", "1", "0"], ["south", "0", "1"], ["west", "0", "0"]
    ]  # fmt: skip
    assert rows_of(folder / "effort.csv")[2] == ["south", "4.5", "3.5"]
    assert float(rows_of(folder / "probability_deer.csv")[2][2]) == pytest.approx(0.4, abs=0.1)


def test_summarize_writes_the_tables_of_wildlife_insights(predictions: Path) -> None:
    _, output = summarize(predictions)
    folder = output / "wildlife_insights"
    names = sorted(path.stem for path in folder.iterdir())
    assert names == ["cameras", "deployments", "images", "projects"]
    header, *rows = rows_of(folder / "images.csv")
    names = [row[header.index("common_name")] for row in rows]
    assert names == ["fox", "fox", "fox", "deer", "Blank", "fox"]


def test_summarize_writes_geojson(predictions: Path) -> None:
    _, output = summarize(predictions)
    found = json.loads((output / "stations.geojson").read_text(encoding="utf-8"))
    first = found["features"][0]
    assert first["geometry"] == {"type": "Point", "coordinates": [11.0, 48.5]}
    assert first["properties"]["records_per_100_trap_nights"] == {"deer": 10.0, "fox": 10.0}


def test_summarize_writes_a_workbook(predictions: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    _, output = summarize(predictions, "--xlsx")
    book = openpyxl.load_workbook(output / "summary.xlsx")
    assert book.sheetnames[:2] == ["species", "observations"]
    assert book["species"]["A2"].value == "fox"


def test_summarize_of_people(predictions: Path) -> None:
    _, output = summarize(predictions, "--species", "empty")
    found = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert list(found["species"]) == ["empty"]


def test_summarize_per_camera_in_long_occasions(predictions: Path) -> None:
    code, output = summarize(predictions, "--unit", "camera", "--occasion", "11d")
    assert code == 0
    assert rows_of(output / "histories" / "occasions.csv")[1:] == [["o1", "2024-04-01"]]


def test_summarize_without_draws(predictions: Path) -> None:
    _, output = summarize(predictions, "--draws", "0")
    found = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert "drawn" not in found["species"]["fox"]


def test_summarize_page_loads_nothing(predictions: Path) -> None:
    _, output = summarize(predictions, "--time-zone", "Europe/Berlin")
    page = (output / "summary.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "west: 0 per 100 trap nights" in page


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--independence", "soon"], "'soon' is no length of time: write it as 30min, 1h or 7d"),
        (["--occasion", "36h"], "--occasion must be whole days, such as 7d"),
        (["--species", "foxes"], "no answer is 'foxes': did you mean 'fox'?"),
        (["--location", "site"], "no column 'site' with values"),
        (["--camera", "nope"], "no column 'nope' with values, as --camera names"),
        (["--time-zone", "Mars"], "no time zone called 'Mars'"),
        (["--label", "specie"], "there is no label 'specie'"),
    ],
)
def test_summarize_says_what_is_wrong(predictions, capsys, more, message) -> None:
    code, output = summarize(predictions, *more)
    assert code in (1, 2)
    assert message in " ".join(capsys.readouterr().err.split())
    assert not output.exists()


def test_summarize_without_times(predictions: Path, capsys) -> None:
    text = predictions.read_text(encoding="utf-8").replace("2024-04", "")
    predictions.write_text(text, encoding="utf-8")
    assert summarize(predictions)[0] == 1
    assert "no event has a time" in capsys.readouterr().err
    assert run(["summarize", str(predictions), "--output", "guessed"]) == 1
    assert "no event has a time" in capsys.readouterr().err


def test_summarize_with_deployments_of_another_year(predictions: Path, capsys) -> None:
    table = predictions.parent / "deployments.csv"
    table.write_text(DEPLOYMENTS.replace("2024", "2023"), encoding="utf-8")
    assert summarize(predictions)[0] == 1
    assert "no event is within its deployment" in capsys.readouterr().err


def test_summarize_warns_of_events_outside_of_deployments(predictions: Path, capsys) -> None:
    table = predictions.parent / "deployments.csv"
    table.write_text(DEPLOYMENTS.replace("2024-04-11", "2024-04-09"), encoding="utf-8")
    assert summarize(predictions)[0] == 0
    assert "1 event is left out, since no camera ran" in capsys.readouterr().err


def test_summarize_keeps_an_existing_folder(predictions: Path, capsys) -> None:
    summarize(predictions)
    assert summarize(predictions)[0] == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["predictions.csv", "photos", "."])
def test_summarize_never_replaces_what_is_no_summary(
    predictions: Path, name: str, capsys, monkeypatch
) -> None:
    photo = predictions.parent / "photos" / "a.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"photo")
    monkeypatch.chdir(predictions.parent)
    assert run(["summarize", "predictions.csv", "--output", name, "--overwrite"]) == 2
    assert f"'{name}' exists already: it is no summary's folder" in capsys.readouterr().err
    assert predictions.is_file()
    assert photo.is_file()


def test_summarize_replaces_a_folder_when_told(predictions: Path) -> None:
    summarize(predictions)
    assert summarize(predictions, "--overwrite", "--seed", "3")[0] == 0


def test_summarize_warns_of_guessed_effort(predictions: Path, capsys) -> None:
    output = predictions.parent / "guessed"
    run(["summarize", str(predictions), "--output", str(output)])
    assert "trap nights are guessed" in capsys.readouterr().err


def test_summarize_tells_of_a_station_at_two_places(predictions: Path, capsys) -> None:
    table = predictions.with_name("deployments.csv")
    first = table.read_text(encoding="utf-8").splitlines()[1].split(",")
    header = table.read_text(encoding="utf-8").splitlines()[0].split(",")
    other = dict(zip(header, first, strict=True)) | {"latitude": "-48.5", "longitude": "-11.0"}
    line = ",".join(other[name] for name in header)
    table.write_text(f"{table.read_text(encoding='utf-8').rstrip()}\n{line}\n", encoding="utf-8")
    code, _ = summarize(predictions)
    assert code == 0
    assert "1 station or camera has deployments more than 0.05° apart" in capsys.readouterr().err
