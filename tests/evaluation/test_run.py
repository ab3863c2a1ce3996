"""ctc evaluate"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.cli.main import run
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import plugins


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def evaluated(build_model, colour_dataset, tmp_path, capsys):
    """The output folder of `ctc evaluate`, what it printed, and its arguments."""
    output = tmp_path / "evaluation"
    arguments = [
        "evaluate",
        str(build_model()),
        str(colour_dataset.folder),
        "--output",
        str(output),
        "--explain",
        "3",
    ]
    assert run(arguments) == 0
    return output, capsys.readouterr(), arguments


def test_evaluate_model_writes_metrics_and_prints_table(evaluated) -> None:
    output, printed, _ = evaluated
    metrics = json.loads((output / "metrics.json").read_text())
    units = metrics["labels"]["species"]["units"]
    assert (metrics["events"], metrics["photos"], units["event"]["n"], units["photo"]["n"]) == (
        48,
        96,
        48,
        96,
    )
    assert units["event"]["top_1"]["value"] == pytest.approx(40 / 48, abs=1e-6)
    assert (metrics["subject"]["model"], metrics["subject"]["split"]) == ("model.onnx", "test")
    assert len(units["event"]["locations"]["all"]) == 4
    assert [group["name"] for group in units["event"]["daylight"]] == ["day", "night"]
    assert metrics["subject"]["trained"] == "unknown"
    assert units["event"]["empties"]["classes"] == ["empty"]
    assert {row["unit"] for row in table(output / "metrics.csv")} == {"event", "photo"}
    assert [line.split()[:4] for line in printed.out.splitlines()[1:3]] == [
        ["species", "event", "48", "0.833"],
        ["species", "photo", "96", "0.750"],
    ]


def test_evaluate_model_lists_label_errors_with_paths(evaluated) -> None:
    rows = table(evaluated[0] / "label_errors.csv")
    assert {row["event_id"] for row in rows} == {f"test-{i}" for i in range(48) if i % 6 == 5}
    assert {(row["labelled"], row["suggested"], row["path"].split("-")[0]) for row in rows} == {
        ("wolf", "empty", "test/5")
    } | {("wolf", "empty", f"test/{i}") for i in range(11, 48, 6)}


def test_evaluate_model_counts_disagreements_and_confident_ones_first(evaluated) -> None:
    output, printed, _ = evaluated
    rows = [row["confident"] for row in table(output / "label_errors.csv")]
    assert rows == sorted(rows, reverse=True)
    assert (
        f"the model disagrees with 8 of 48 labels, {rows.count('yes')} of them confidently: see"
        f" '{output / 'label_errors.csv'}'\n" in printed.err
    )
    assert "label errors" not in printed.err


def test_evaluate_model_lists_nothing_to_label_if_all_events_are_labelled(evaluated) -> None:
    assert table(evaluated[0] / "to_label.csv") == []


def test_evaluate_model_explains_mistakes_first(evaluated) -> None:
    folder = evaluated[0] / "explain"
    rows = table(folder / "explain.csv")
    assert [(row["file"], row["truth"], row["predicted"]) for row in rows] == [
        ("001.png", "wolf", "empty"),
        ("002.png", "wolf", "empty"),
        ("003.png", "fox", "fox"),
    ]
    assert len({row["event_id"] for row in rows}) == 3
    with Image.open(folder / "001.png") as image:
        assert (image.size, image.mode) == ((48, 16), "RGB")


def test_evaluate_command_overwrites_only_on_request(evaluated, capsys) -> None:
    output, _, arguments = evaluated
    (output / "mine.txt").write_text("kept")
    assert run(arguments) == 2
    assert "exists already" in capsys.readouterr().err
    assert run([*arguments, "--overwrite"]) == 0
    assert (output / "mine.txt").read_text() == "kept"


def test_evaluate_command_exits_with_3_for_damaged_record(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    shard = colour_dataset.folder / colour_dataset.shards("test")[0].file
    data = bytearray(shard.read_bytes())
    data[20] ^= 1
    shard.write_bytes(bytes(data))
    code = run(
        [
            "evaluate",
            str(build_model()),
            str(colour_dataset.folder),
            "--output",
            str(tmp_path / "e"),
        ]
    )
    assert (code, "1 photo or record could not be used" in capsys.readouterr().err) == (3, True)


def test_evaluate_command_warns_about_foreign_class(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    model = build_model(classes=("empty", "fox", "badger"))
    assert (
        run(["evaluate", str(model), str(colour_dataset.folder), "--output", str(tmp_path / "e")])
        == 0
    )
    assert (
        "the model doesn't know 1 classes of 'species' that occur: 'wolf' (16)"
        in capsys.readouterr().err
    )
    scores = json.loads((tmp_path / "e" / "metrics.json").read_text())["labels"]["species"][
        "units"
    ]["event"]
    assert (scores["n"], scores["foreign"]) == (32, 16)


def predictions(path: Path, shares: list[float]) -> Path:
    classes = {"species": ("fox", "wolf")}

    def entries():
        for number, value in enumerate(shares):
            probabilities = {"species": np.array([value, 1 - value], np.float32)}
            yield EventPrediction(
                f"e{number}",
                classes,
                probabilities,
                (ImagePrediction(f"{number}.jpg", probabilities),),
            )

    output = plugins().all(OutputFormat)["json"]
    output.write(
        entries(), path, OutputContext("m.onnx", classes, datetime.now(UTC), path.parent, {})
    )
    return path


def truth(path: Path, species: list[str | None]) -> Path:
    ids = [f"e{number}" for number in range(len(species))]
    columns = {
        "event_id": ids,
        "images": [[f"{one}.jpg"] for one in ids],
        "species": pa.array(species, pa.string()),
    }
    Inventory(pa.table(columns), ("species",), path.parent).write(path)
    return path


def test_evaluate_predictions_against_inventory(tmp_path, capsys) -> None:
    arguments = [
        predictions(tmp_path / "p.json", [0.9, 0.8, 0.3, 0.55]),
        "--truth",
        truth(tmp_path / "i.parquet", ["fox", "wolf", "wolf"]),
    ]
    assert run(["evaluate", *map(str, arguments), "--output", str(tmp_path / "e")]) == 0
    scores = json.loads((tmp_path / "e" / "metrics.json").read_text())["labels"]["species"][
        "units"
    ]["event"]
    assert (scores["n"], scores["missing"], scores["confusion"]) == (3, 1, [[1, 0], [1, 1]])
    assert (
        "1 predicted event has no ground truth and is not counted, such as 'e3'"
        in capsys.readouterr().err
    )
    assert [
        (row["event_id"], row["path"], row["predicted"])
        for row in table(tmp_path / "e" / "to_label.csv")
    ] == [("e3", "3.jpg", "fox")]


def test_evaluate_predictions_of_folder_by_photo(tmp_path, capsys) -> None:
    """The third photo has the name of one of the truth, but another folder."""
    rows = [
        f'{tmp_path}/{one}.jpg,species,"{{""fox"": {share}, ""wolf"": {1 - share}}}"'
        for one, share in (("e0", 0.75), ("e1", 0.25), ("x/e2", 0.25))
    ]
    (tmp_path / "p.csv").write_text("\n".join(["id,label,predictions_all", *rows]))
    inventory = truth(tmp_path / "i.parquet", ["fox", "wolf", "wolf"])
    arguments = [tmp_path / "p.csv", "--truth", inventory, "--output", tmp_path / "e"]
    assert run(["evaluate", *map(str, arguments)]) == 0
    units = json.loads((tmp_path / "e" / "metrics.json").read_text())["labels"]["species"]["units"]
    assert {unit: (scores["n"], scores["top_1"]["value"]) for unit, scores in units.items()} == {
        "event": (2, 1.0),
        "photo": (2, 1.0),
    }
    assert (
        "2 of 3 predicted photos are in 2 of 3 events of the ground truth\n"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("split", "note"),
    [
        ("train", "the model was trained on split 'train' of this dataset: the metrics tell"),
        ("val", "training chose its best epoch on split 'val' of this dataset"),
        ("test", None),
    ],
)
def test_evaluate_model_tells_that_it_learnt_from_the_split(
    build_model, colour_dataset, tmp_path, capsys, split, note
) -> None:
    model = build_model(provenance={"dataset": colour_dataset.fingerprint()})
    arguments = [model, colour_dataset.folder, "--split", split, "--output", tmp_path / "e"]
    assert run(["evaluate", *map(str, arguments)]) == 0
    assert f"warning: {note}" in capsys.readouterr().err or note is None
    metrics = json.loads((tmp_path / "e" / "metrics.json").read_text())
    expected = {
        "train": "on this split",
        "val": "on other splits of this dataset; the best epoch was chosen on this split",
        "test": "on other splits of this dataset",
    }
    assert metrics["subject"]["trained"] == expected[split]
    assert len(metrics["notes"]) == (note is not None)


def test_evaluate_predictions_says_that_training_photos_are_unknown(tmp_path, capsys) -> None:
    arguments = [write_predictions(tmp_path), "--truth", truth(tmp_path / "i.parquet", ["fox"])]
    assert run(["evaluate", *map(str, arguments), "--output", str(tmp_path / "e")]) == 0
    assert "the predictions don't say which photos their model was" in capsys.readouterr().err


def test_evaluate_predictions_matches_labels_of_another_name(tmp_path, capsys) -> None:
    predictions = write_predictions(tmp_path, label="animal")
    arguments = ["evaluate", str(predictions), "--output", str(tmp_path / "e"), "--truth"]
    arguments.append(str(truth(tmp_path / "i.parquet", ["fox"])))
    assert run(arguments) == 2
    assert "if they mean the same, add --truth-label 'animal=species'" in capsys.readouterr().err
    assert run([*arguments, "--truth-label", "animal=species"]) == 0
    metrics = json.loads((tmp_path / "e" / "metrics.json").read_text())
    assert metrics["labels"]["animal"]["units"]["event"]["top_1"]["value"] == 1


def test_evaluate_model_matches_labels_of_another_name(
    build_model, dataset_of, colour_event, tmp_path
) -> None:
    events = [colour_event("test", i) for i in range(12)]
    events = [replace(one, labels={"animal": one.labels["species"]}) for one in events]
    dataset = dataset_of({"test": events}, {"animal": ("empty", "fox", "wolf")})
    arguments = [build_model(), dataset.folder, "--truth-label", "species=animal"]
    assert run(["evaluate", *map(str, arguments), "--output", str(tmp_path / "e")]) == 0
    metrics = json.loads((tmp_path / "e" / "metrics.json").read_text())
    assert metrics["labels"]["species"]["units"]["event"]["n"] == 12


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("species", "--truth-label 'species' is not LABEL=TRUTH, like 'species=animal'"),
        ("speceis=sex", "the prediction file has no label called 'speceis': did you mean"),
        ("species=animal", "the truth has no label called 'animal': there are 'species'"),
    ],
)
def test_evaluate_command_rejects_unknown_truth_label(tmp_path, capsys, pair, message) -> None:
    arguments = [write_predictions(tmp_path), "--truth", truth(tmp_path / "i.parquet", ["fox"])]
    arguments += ["--output", tmp_path / "e", "--truth-label", pair]
    assert run(["evaluate", *map(str, arguments)]) == 2
    assert message in capsys.readouterr().err


def test_evaluate_predictions_leaves_labels_without_truth_out_of_to_label(tmp_path) -> None:
    cell = '"{""fox"": 0.9, ""wolf"": 0.1}"'
    rows = [f"{event},{label},{cell}" for event in ("e0", "e1") for label in ("species", "sex")]
    (tmp_path / "p.csv").write_text("\n".join(["id,label,predictions_all", *rows]))
    arguments = [tmp_path / "p.csv", "--truth", truth(tmp_path / "i.parquet", ["fox", "wolf"])]
    assert run(["evaluate", *map(str, arguments), "--output", str(tmp_path / "e")]) == 0
    assert table(tmp_path / "e" / "to_label.csv") == []


KILLED = """
import os, sys
from ctc.cli.main import run
real, at = os.replace, int(sys.argv[1])
def replace(*arguments, **options):
    global at
    at -= 1
    if not at:
        os.kill(os.getpid(), 9)
    real(*arguments, **options)
os.replace = replace
run(sys.argv[2:])
"""


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("rename", [1, 3, 5])
def test_evaluate_command_runs_again_after_a_kill(tmp_path, rename) -> None:
    output = tmp_path / "e"
    arguments = ["evaluate", str(write_predictions(tmp_path)), "--output", str(output), "--truth"]
    arguments.append(str(truth(tmp_path / "i.parquet", ["fox"])))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(rename), *arguments], check=False)
    assert (killed.returncode, (output / "report.html").exists()) == (-9, False)
    assert run(arguments) == 0
    assert {path.name for path in output.iterdir()} == {
        "label_errors.csv", "metrics.csv", "metrics.json", "report.html", "to_label.csv"
    }  # fmt: skip
    assert run(arguments) == 2  # a whole evaluation is not replaced


def write_predictions(folder: Path, label: str = "species") -> Path:
    """Write the prediction of event e0."""
    row = f'e0,{label},"{{""fox"": 0.9, ""wolf"": 0.1}}"'
    (folder / "p.csv").write_text(f"id,label,predictions_all\n{row}\n")
    return folder / "p.csv"


def test_evaluate_predictions_rejects_nan_and_writes_nothing(tmp_path, capsys) -> None:
    text = 'id,label,predictions_all\ne0,species,"{""fox"": NaN, ""wolf"": 0.5}"\n'
    (tmp_path / "p.csv").write_text(text)
    arguments = [
        tmp_path / "p.csv",
        "--truth",
        truth(tmp_path / "i.parquet", ["fox"]),
        "--output",
        tmp_path / "e",
    ]
    assert run(["evaluate", *map(str, arguments)]) == 1
    assert (
        "are not numbers from 0 to 1 for 1 of 1 events, such as event 'e0'"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "e").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["m.onnx"], "give a model and a DATASET, or predictions and --truth INVENTORY"),
        (
            ["p.csv", "dataset", "--truth", "i.parquet"],
            "give a model and a DATASET, or predictions",
        ),
        (
            ["p.csv", "--truth", "i.parquet", "--split", "val"],
            "--split, --explain, --flips and --detector need a model and a DATASET",
        ),
        (["missing.onnx", "dataset"], "is not there: make one with `ctc export` or `ctc import`"),
        (["p.csv", "--truth", "i.parquet", "--aggregation", "maen"], "did you mean 'mean'"),
        (["p.csv", "--truth", "i.parquet"], "does not exist: make one with `ctc predict`"),
        (
            ["m.onnx", "dataset", "--image-root", "photos"],
            "--image-root is for predictions: a DATASET contains its photos",
        ),
        (
            ["p.csv", "--truth", "i.parquet", "--run", "run"],
            "run 'run' does not exist: make one with `ctc train`",
        ),
    ],
)
def test_evaluate_command_rejects_conflicting_arguments(
    tmp_path, capsys, monkeypatch, arguments, reason
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["evaluate", *arguments, "--output", "e"]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "extras"),
    [
        (["evaluate", "m.onnx", "dataset"], "cpu,report"),
        (["calibrate", "m.onnx", "dataset"], "cpu,report"),
        (["report", "p.csv"], "report"),
    ],
)
@pytest.mark.parametrize("package", ["sklearn", "jinja2"])
def test_report_commands_name_missing_extra(monkeypatch, capsys, command, extras, package) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert run([*command, "--output", "o"]) == 1
    assert f"pip install 'camera-trap-classifier[{extras}]'" in capsys.readouterr().err
