"""What is unlike anything learnt, from the network to prediction files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.dataset import Dataset
from ctc.cli.main import run
from ctc.features.probe.config import ProbeConfig
from ctc.features.probe.run import probe
from ctc.runtime.config import RuntimeConfig

UNLIKE = "unlike anything learnt"


@pytest.fixture
def model(
    build_model: Callable[..., Path], tiny_dataset: Callable[..., Dataset], tmp_path: Path
) -> Path:
    """A model that has learnt photos which are mostly green."""
    network = build_model("features.onnx", features=True, size=(16, 24))
    dataset = tiny_dataset({"train": 45, "val": 160}, shards=1)
    config = ProbeConfig(("species",), runtime=RuntimeConfig(threads=1, batch_size=4))
    probe(network, dataset.folder, tmp_path / "model.onnx", config)
    return tmp_path / "model.onnx"


@pytest.fixture
def photos(tmp_path: Path, tiny_dataset: Callable[..., Dataset]) -> Path:
    """A known photo and a blue one, each an event, and a third event with two blue ones."""
    from ctc.testing.tiny_dataset import tiny_event

    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "known.jpg").write_bytes(tiny_event("a", 1).jpegs[0])
    blue = np.zeros((60, 80, 3), np.uint8)
    blue[..., 2] = 255
    for name in ("blue1.jpg", "blue2.jpg", "blue3.jpg"):
        Image.fromarray(blue).save(folder / name)
    with (tmp_path / "events.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(
            [
                ("id", "photo"),
                ("1", "known.jpg"),
                ("2", "blue1.jpg"),
                ("3", "blue2.jpg"),
                ("3", "blue3.jpg"),
            ]
        )
    return tmp_path / "events.csv"


def predict(model: Path, events: Path, name: str, *more: str) -> Path:
    output = model.with_name(name)
    arguments = [
        "--event-id",
        "id",
        "--image",
        "photo",
        "--image-root",
        str(model.parent / "photos"),
    ]
    assert (
        run(["predict", str(model), str(events), *arguments, "--output", str(output), *more]) == 0
    )
    return output


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_csv_says_unknown_and_why(
    model: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known, blue, burst = rows(predict(model, photos, "p.csv"))
    assert known["prediction_top"] != "unknown"
    assert known["unknown_reason"] == ""
    for one in (blue, burst):
        assert (one["prediction_top"], one["unknown_reason"]) == ("unknown", UNLIKE)
        assert float(one["strangeness"]) > float(known["strangeness"])
    told = capsys.readouterr().err
    assert "at most 5.0% of events of known classes, with 95% confidence" in told


def test_option_switches_it_off(model: Path, photos: Path) -> None:
    found = rows(predict(model, photos, "p.csv", "--no-strangers"))
    assert "unknown_reason" not in found[0]
    assert all(one["prediction_top"] != "unknown" for one in found)


def test_threshold_is_another_reason(model: Path, photos: Path) -> None:
    found = rows(predict(model, photos, "p.csv", "--threshold", "1"))
    assert [one["unknown_reason"] for one in found] == ["below the threshold", UNLIKE, UNLIKE]


def test_a_resumed_run_and_merged_shards_tell_the_same(model: Path, photos: Path) -> None:
    whole = predict(model, photos, "p.csv").read_bytes()
    parts = [predict(model, photos, "s.csv", "--shard", f"{n}/2") for n in (1, 2)]
    del parts
    found = [str(path) for path in sorted(model.parent.glob("s.csv.part-*"))]
    merged = model.with_name("merged.csv")
    assert run(["merge", *found, "--output", str(merged)]) == 0
    assert merged.read_bytes() == whole


def test_json(model: Path, photos: Path) -> None:
    told = json.loads(predict(model, photos, "p.json").read_text())
    assert "unknown_reason" not in told["1"]
    assert told["2"]["unknown_reason"] == {"species": UNLIKE}
    assert told["3"]["images"][0]["strangeness"] == pytest.approx(told["3"]["strangeness"], abs=0.2)


def test_parquet(model: Path, photos: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(predict(model, photos, "p.parquet"))
    assert table["unknown_reason"].to_pylist() == [None, UNLIKE, UNLIKE]
    assert table.schema.field("strangeness").type == "float"


def test_megadetector_has_a_detection_without_classes(model: Path, photos: Path) -> None:
    told = json.loads(predict(model, photos, "p.megadetector.json").read_text())
    found = {one["file"]: one["detections"][0] for one in told["images"]}
    assert found["known.jpg"]["classifications"]
    assert found["blue1.jpg"]["classifications"] == []


def test_camtrap_dp_has_a_comment(model: Path, photos: Path) -> None:
    package = predict(model, photos, "p.camtrap-dp", "--time-zone", "UTC")
    found = rows(package / "observations.csv")
    events = {one["eventID"]: one for one in found if one["observationLevel"] == "event"}
    assert events["2"]["observationComments"] == UNLIKE
    assert events["2"]["observationType"] == "unknown"
    assert events["1"]["observationComments"] == ""


def test_folders_put_it_with_the_unknown(model: Path, photos: Path) -> None:
    folders = predict(model, photos, "sorted", "--format", "folders", "--copy")
    assert len(list((folders / "unknown").iterdir())) == 3
