"""The example plugin package, installed as users do, used from inventory to prediction."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from ctc.testing.tiny_dataset import draw_photo

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

OWN_TESTS = """
import pytest
assert not pytest.main(["--quiet", "tests"])
"""
COMMANDS = """
import json, sys
from ctc.cli.main import run
for arguments in json.loads(sys.argv[1]):
    code = run(arguments)
    if code:
        sys.exit(code)
"""
ANIMALS = {"Lion": (190, 120, 60), "African Buffalo": (60, 50, 50)}
BROUGHT = {
    "aggregation": "trimmed_mean",
    "backbone": "depthwise",
    "input format": "zamba",
    "loader": "infrared",
    "output format": "sqlite",
}


@pytest.fixture(scope="module")
def download(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 photos and their labels, as zamba reads them."""
    folder = tmp_path_factory.mktemp("download")
    rows = []
    for number in range(24):
        animal = list(ANIMALS)[number % 2]
        path = f"photos/{number % 4}/{number}.jpg"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_photo(ANIMALS[animal], number)).save(folder / path)
        rows.append([path, animal, f"camera {number % 4}"])
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["filepath", "label", "site"], *rows])
    return folder


@pytest.fixture(scope="module")
def output(savanna, download: Path) -> str:
    """Output of the plugin's own tests and of all commands up to the export.

    They run in one interpreter, so that TensorFlow is imported once.
    """
    made = download.parent / "made"
    network = ["--backbone", "depthwise", "--height", "32", "--width", "32", "--loader", "infrared"]
    shares = ["--split", "train=0.5", "--split", "val=0.25", "--split", "test=0.25"]
    learning = ["--label", "species", "--epochs", "1", "--batch-size", "4", "--grey-share", "0.5"]
    commands = [
        [
            "inventory",
            "zamba",
            f"{download}/labels.csv",
            "--output",
            f"{made}/inventory.parquet",
        ],
        [
            "dataset",
            f"{made}/inventory.parquet",
            "--output",
            f"{made}/dataset",
            "--smallest-side",
            "48",
            *shares,
        ],
        ["train", f"{made}/dataset", "--output", f"{made}/run", *network, *learning],
        ["export", f"{made}/run", "--output", f"{made}/model.onnx"],
    ]
    predict = [
        "predict",
        f"{made}/model.onnx",
        f"{download}/photos",
        "--output",
        f"{made}/predictions.sqlite",
    ]
    trained = savanna("-c", OWN_TESTS + COMMANDS, json.dumps(commands), program="python")
    assert trained.returncode == 0, trained.stdout + trained.stderr
    done = savanna(
        "-c", COMMANDS, json.dumps([[*predict, "--aggregation", "trimmed_mean"]]), program="python"
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return str(trained.stdout)


@pytest.fixture(scope="module")
def made(output: str, download: Path) -> Path:
    """The folder with all outputs."""
    return download.parent / "made"


def test_example_plugins_are_listed_with_distribution(savanna) -> None:
    done = savanna("-c", COMMANDS, json.dumps([["plugins", "--json"]]), program="python")
    listed = json.loads(done.stdout)
    brought = {
        row["kind"]: row["name"]
        for row in listed["plugins"]
        if row["distribution"] == "ctc-savanna"
    }
    versions = {row["version"] for row in listed["plugins"] if row["distribution"] == "ctc-savanna"}
    assert (brought, versions, listed["broken"], done.stderr) == (BROUGHT, {"0.3.0"}, [], "")


def test_example_plugin_tests_pass_when_installed(output: str) -> None:
    assert re.search(r"^\d+ passed in ", output, re.MULTILINE), output


def test_example_loader_and_backbone_train(made: Path) -> None:
    config = json.loads((made / "run" / "run.json").read_text())["config"]
    assert (config["backbone"], config["loader"]) == ("depthwise", "infrared")
    assert config["loader_options"] == {"grey_share": 0.5}


def test_example_aggregation_and_output_predict(made: Path) -> None:
    with closing(sqlite3.connect(made / "predictions.sqlite")) as database:
        answers = database.execute(
            "select count(*), count(distinct event) from answers where label = 'species'"
        )
        assert answers.fetchone() == (24, 24)
        assert database.execute("select model from about").fetchone() == ("model.onnx",)
        known = database.execute("select distinct answer from answers").fetchall()
    assert {answer for (answer,) in known} <= set(ANIMALS)


def test_example_format_option_is_in_help(savanna) -> None:
    done = savanna("-c", COMMANDS, json.dumps([["inventory", "zamba", "--help"]]), program="python")
    assert "--keep-split" in done.stdout
    assert "Example: ctc inventory zamba labels.csv --output" in done.stdout
