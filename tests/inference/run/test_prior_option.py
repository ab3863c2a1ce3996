"""`ctc predict --prior`: classes that are commoner or rarer than where the model was calibrated."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.cli.main import run
from ctc.images.listing.photo_table import TableColumns
from ctc.inference.config import PredictConfig
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin.manager import plugins

LABELS = {"species": ("fox", "wolf"), "count": ("1", "2+")}
TABLE = ["--event-id", "id", "--image", "photo"]


@pytest.fixture
def calibrated(build_model) -> Path:
    """A model that was calibrated on as many foxes as wolves."""
    return build_calibrated(build_model, {"fox": 0.5, "wolf": 0.5})


def build_calibrated(build_model: Callable[..., Path], shares: object) -> Path:
    entry = {
        "label": "species",
        "made_for": PredictionSetup().to_json(),
        "independent_events": 1e4,
        "shares": shares,
    }
    info = ModelInfo(
        LABELS,
        Preprocessing(8, 12, "stretch", "random", None),
        thresholds={"species": {"fox": 0.7, "wolf": 0.7}},
        promises={"priors": [entry]},
    )
    return build_model(metadata=info.to_metadata())


@pytest.fixture
def table(draw, tmp_path: Path) -> Callable[[int, int], Path]:
    """A function that writes a table of foxes (red) and wolves (blue), each at a place of its own
    in the park of its colour."""

    def write(foxes: int, wolves: int) -> Path:
        draw("red.png", (255, 0, 0))
        draw("blue.png", (0, 0, 255))
        colors = ["red"] * foxes + ["blue"] * wolves
        lines = [f"{number},{one}.png,{number},{one}" for number, one in enumerate(colors)]
        path = tmp_path / "events.csv"
        path.write_text("\n".join(["id,photo,location,park", *lines]) + "\n")
        return path

    return write


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def stop(photos: int, failed: int) -> None:
    """Interrupt a run at its first result."""
    raise KeyboardInterrupt


def species(path: Path) -> list[tuple[str, str]]:
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "species"]
    return [(row["prediction_top"], row["before_prior"]) for row in rows]


def test_predict_prior_file(calibrated, table, tmp_path, capsys) -> None:
    prior, output = tmp_path / "prior.csv", tmp_path / "p.csv"
    prior.write_text("class,count\nfox,90\nwolf,10\n")
    options = ["--prior", prior, "--output", output]
    assert predict(calibrated, table(1, 1), *TABLE, *options) == 0
    assert species(output) == [("fox", ""), ("fox", "wolf")]
    printed = capsys.readouterr().err
    assert "'species' is corrected by 'prior.csv' for how common its classes are; the model's" in (
        printed
    )
    assert "prior: 1 of 2 answers changed\n" in printed


def test_predict_prior_auto_corrects_and_keeps_the_shares(
    calibrated, table, tmp_path, capsys
) -> None:
    output = tmp_path / "p.csv"
    assert predict(calibrated, table(20, 1), *TABLE, "--prior", "auto", "--output", output) == 0
    assert species(output)[-2:] == [("fox", ""), ("fox", "wolf")]
    printed = capsys.readouterr().err
    assert "prior: 'species' is corrected, since its classes are not as common here" in printed
    assert "prior: 1 of 21 answers changed\n" in printed
    with (tmp_path / "p.csv.priors.csv").open() as file:
        assert [row["class"] for row in csv.DictReader(file)] == ["fox", "wolf"]


def test_predict_prior_auto_without_need(calibrated, table, tmp_path, capsys) -> None:
    output = tmp_path / "p.csv"
    assert predict(calibrated, table(10, 10), *TABLE, "--prior", "auto", "--output", output) == 0
    assert species(output) == [("fox", "")] * 10 + [("wolf", "")] * 10
    assert "prior: no correction of 'species'" in capsys.readouterr().err


def test_predict_prior_by_a_column(calibrated, table, tmp_path, capsys) -> None:
    options = ["--prior", "auto", "--prior-by", "park", "--output", tmp_path / "p.csv"]
    assert predict(calibrated, table(12, 3), *TABLE, *options) == 0
    assert "'species' is corrected in 1 of 2 groups by 'park'" in capsys.readouterr().err


def test_predict_prior_auto_in_shards_is_merged_to_the_same_bytes(
    calibrated, table, tmp_path
) -> None:
    options = [calibrated, table(20, 1), *TABLE, "--prior", "auto", "--output", tmp_path / "p.csv"]
    assert predict(*options, "--shard", "1/2") == predict(*options, "--shard", "2/2") == 0
    parts = [str(tmp_path / f"p.csv.part-{number}-of-2") for number in (1, 2)]
    assert run(["merge", *parts, "--output", str(tmp_path / "merged.csv")]) == 0
    assert predict(*options) == 0
    for name in ("", ".priors.csv"):
        merged, whole = tmp_path / f"merged.csv{name}", tmp_path / f"p.csv{name}"
        assert merged.read_bytes() == whole.read_bytes()


def test_predict_prior_auto_on_an_engine_and_resumed_writes_the_same_bytes(
    calibrated, table, tmp_path
) -> None:
    columns = TableColumns("id", ("photo",))
    config = PredictConfig(
        calibrated, (table(20, 1),), tmp_path / "p.csv", columns, prior=Path("auto")
    )
    on_engine = replace(config, output=tmp_path / "engine.csv", engine="local")
    resumed = replace(config, output=tmp_path / "resumed.csv")
    with pytest.raises(KeyboardInterrupt):
        prepare_run(resumed, plugins()).run(stop)
    for one in (config, on_engine, resumed):
        prepare_run(one, plugins()).run(lambda photos, failed: None)
    for name in ("csv", "csv.priors.csv"):
        found = {(tmp_path / f"{run}.{name}").read_bytes() for run in ("p", "engine", "resumed")}
        assert len(found) == 1


def test_predict_prior_auto_of_an_update_looks_at_all_events(calibrated, table, tmp_path) -> None:
    update = ["--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv"]
    options = [*TABLE, "--prior", "auto"]
    assert predict(calibrated, table(10, 10), *options, *update) == 0
    source = table(40, 2)
    assert predict(calibrated, source, *options, *update) == 0
    assert predict(calibrated, source, *options, "--output", tmp_path / "whole.csv") == 0
    for name in ("", ".priors.csv"):
        updated, whole = tmp_path / f"p.csv{name}", tmp_path / f"whole.csv{name}"
        assert updated.read_bytes() == whole.read_bytes()


def test_predict_prior_then_geofence(calibrated, table, tmp_path) -> None:
    prior, fence, output = tmp_path / "prior.csv", tmp_path / "fence.csv", tmp_path / "p.csv"
    prior.write_text("class,share\nfox,0.9\nwolf,0.1\n")
    fence.write_text("class,country\nfox,DE\n")
    places = ["--geofence", fence, "--country", "KE"]
    code = predict(calibrated, table(0, 1), *TABLE, "--prior", prior, *places, "--output", output)
    assert code == 0
    with output.open(newline="") as file:
        row = next(csv.DictReader(file))
    names = "prediction_top", "before_prior", "before_geofence"
    assert [row[name] for name in names] == ["wolf", "wolf", "fox"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prior", "gone.csv"], "the prior 'gone.csv' can't be read"),
        (["--prior-by", "park"], "--prior-by is for --prior auto: add it"),
        (["--prior", "events.csv", "--prior-by", "park"], "--prior-by is for --prior auto"),
        (
            ["--prior", "auto", "--prior-by", "prak"],
            "--prior-by: unknown column 'prak': did you mean 'park'?",
        ),
        (["--prior", "auto", "--flips"], "another way to predict (here: with --flips)"),
        (["--prior", "auto", "--roll-up"], "what --roll-up promises was proven without --prior"),
    ],
)
def test_predict_prior_errors(
    calibrated, table, tmp_path, monkeypatch, capsys, options, message
) -> None:
    monkeypatch.chdir(tmp_path)
    assert predict(calibrated, table(1, 1), *TABLE, *options, "--output", "p.csv") == 2
    assert message in capsys.readouterr().err
    assert not Path("p.csv").exists()


def test_predict_prior_needs_a_calibrated_model(model, table, tmp_path, capsys) -> None:
    options = ["--prior", "auto", "--output", tmp_path / "p.csv"]
    assert predict(model, table(1, 1), *TABLE, *options) == 2
    assert "calibrate its original with `ctc calibrate`" in capsys.readouterr().err


@pytest.mark.parametrize("shares", [{"fox": "half"}, {"fox": -1}, [0.5, 0.5]])
def test_predict_prior_of_a_damaged_model(build_model, table, tmp_path, capsys, shares) -> None:
    damaged = build_calibrated(build_model, shares)
    options = ["--prior", "auto", "--output", tmp_path / "p.csv"]
    assert predict(damaged, table(1, 1), *TABLE, *options) == 1
    assert "the model's priors are damaged" in capsys.readouterr().err
