"""`ctc predict --clock-offset`, and photos of inventories whose times were corrected."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from ctc.cli.main import run

Predict = Callable[..., Path]
TIMES = {
    "cam1/IMG_0001": "2024:05:01 10:00:00",
    "cam1/IMG_0002": "2000:01:01 00:00:05",
    "cam2/IMG_0001": "2024:05:01 12:00:00",
}
OFFSETS = "deployment,shown,true,to\ncam1,2000-01-01 00:00:05,2024-05-01 10:00:20,2000-12-31\n"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, time in TIMES.items():
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = time
        path = tmp_path / "photos" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24), "red").save(path, exif=exif)
    (tmp_path / "offsets.csv").write_text(OFFSETS)
    return tmp_path / "photos"


@pytest.fixture
def predict(photos: Path, red_model: Path, tmp_path: Path) -> Predict:
    """Run `ctc predict` with further arguments; the output."""

    def output(name: str, *arguments: str, source: Path = photos, code: int = 0) -> Path:
        target = tmp_path / name
        command = ["predict", str(red_model), str(source), "--output", str(target), *arguments]
        assert run([*command, "--provider", "cpu"]) == code
        return target

    return output


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_predict_groups_and_writes_by_corrected_times(predict: Predict, tmp_path: Path) -> None:
    offsets = str(tmp_path / "offsets.csv")
    found = rows(predict("p.csv", "--clock-offset", offsets, "--events-within", "60"))
    assert [(Path(row["id"]).name, row["datetime"], row["datetime_original"]) for row in found] == [
        ("IMG_0001.jpg", "2024-05-01T10:00:00", "2024-05-01T10:00:00"),
        ("IMG_0001.jpg", "2024-05-01T12:00:00", "2024-05-01T12:00:00"),
    ]
    events = json.loads(
        predict("p.json", "--clock-offset", offsets, "--events-within", "60").read_text()
    )
    burst = next(iter(events.values()))
    assert [(photo["datetime"], photo["datetime_original"]) for photo in burst["images"]] == [
        ("2024-05-01T10:00:00", "2024-05-01T10:00:00"),
        ("2024-05-01T10:00:20", "2000-01-01T00:00:05"),
    ]


def test_predict_writes_the_camera_time_of_each_photo(predict: Predict, tmp_path: Path) -> None:
    found = rows(predict("p.csv", "--clock-offset", str(tmp_path / "offsets.csv"), "--per-photo"))
    assert [(row["datetime"], row["datetime_original"]) for row in found[1:2]] == [
        ("2024-05-01T10:00:20", "2000-01-01T00:00:05")
    ]


def test_merge_of_shards_has_corrected_times(predict: Predict, tmp_path: Path) -> None:
    arguments = "--clock-offset", str(tmp_path / "offsets.csv")
    whole = predict("whole.csv", *arguments)
    for shard in (1, 2):
        predict("p.csv", *arguments, "--shard", f"{shard}/2")
    parts = sorted(map(str, tmp_path.glob("p.csv.part-*")))
    assert run(["merge", *parts, "--output", str(tmp_path / "p.csv")]) == 0
    assert (tmp_path / "p.csv").read_bytes() == whole.read_bytes()


@pytest.fixture
def inventory(photos: Path, tmp_path: Path) -> Path:
    """The photos with corrected times, in the zone +02:00."""
    target, offsets = tmp_path / "inventory.parquet", str(tmp_path / "offsets.csv")
    command = ["inventory", "folders", str(photos), "--output", str(target), "--time-from-exif"]
    assert run([*command, "--clock-offset", offsets, "--time-zone", "+02:00"]) == 0
    return target


def test_photos_of_a_corrected_inventory_get_its_correction(
    predict: Predict, inventory: Path
) -> None:
    events: dict[str, Any] = json.loads(predict("p.json", source=inventory).read_text())
    assert [
        (one["meta_data"]["datetime"], one["images"][0]["datetime"]) for one in events.values()
    ] == [
        (time, time)
        for time in (
            "2024-05-01T10:00:00+02:00",
            "2024-05-01T10:00:20+02:00",
            "2024-05-01T12:00:00+02:00",
        )
    ]


def test_times_are_not_corrected_twice(
    predict: Predict, inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("p.csv", "--clock-offset", str(tmp_path / "offsets.csv"), source=inventory, code=2)
    assert "have been corrected already: leave out --clock-offset" in capsys.readouterr().err


def test_another_file_of_offsets_is_another_run(
    predict: Predict, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "cam2/broken.jpg").write_bytes(b"no photo")
    arguments = "--clock-offset", str(tmp_path / "offsets.csv")
    predict("p.csv", *arguments, "--max-failures", "0", code=1)
    (tmp_path / "offsets.csv").write_text("deployment,seconds\ncam2,5\n")
    predict("p.csv", *arguments, code=2)
    assert "an unfinished run with --clock-offset" in capsys.readouterr().err


def test_deployments_without_a_photo_are_told(
    predict: Predict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "offsets.csv").write_text("deployment,seconds\ncam2,5\ncam3,5\n")
    predict("p.csv", "--clock-offset", str(tmp_path / "offsets.csv"))
    assert "1 deployment of 'offsets.csv' without a photo here: 'cam3'" in capsys.readouterr().err
    (tmp_path / "offsets.csv").write_text("deployment,seconds\ncam3,5\n")
    predict("q.csv", "--clock-offset", str(tmp_path / "offsets.csv"), code=2)
    assert "no deployment of 'offsets.csv' is a camera's folder" in capsys.readouterr().err


def test_detect_and_embed_correct_times(
    photos: Path,
    build_model: Callable[..., Path],
    write_bright_detector: Callable[..., Path],
    tmp_path: Path,
) -> None:
    detector = write_bright_detector(tmp_path / "bright.onnx", (320, 320))
    offsets = ["--clock-offset", str(tmp_path / "offsets.csv"), "--provider", "cpu"]
    boxes, found = tmp_path / "boxes.csv", tmp_path / "features.parquet"
    assert run(["detect", str(detector), str(photos), "--output", str(boxes), *offsets]) == 0
    model = build_model("features.onnx", features=True)
    assert run(["embed", str(model), str(photos), "--output", str(found), *offsets]) == 0
    expected = ("2024-05-01T10:00:20", "2000-01-01T00:00:05")
    row = rows(boxes)[1]
    assert (row["datetime"], row["datetime_original"]) == expected
    table = pq.read_table(found, columns=["datetime", "datetime_original"]).to_pylist()
    assert tuple(table[1].values()) == expected


def test_photo_after_a_reset_within_an_event_of_an_inventory_has_no_time(
    predict: Predict, photos: Path, tmp_path: Path
) -> None:
    target, offsets = tmp_path / "inventory.parquet", str(tmp_path / "offsets.csv")
    command = ["inventory", "folders", str(photos), "--unlabelled", "--output", str(target)]
    more = ["--clock-offset", offsets, "--location-from", "folder", "--time-from-exif"]
    more += ["--events-within", "60"]
    assert run([*command, *more]) == 0
    first = next(iter(json.loads(predict("p.json", source=target).read_text()).values()))
    assert [(one.get("datetime"), one["datetime_original"]) for one in first["images"]] == [
        ("2024-05-01T10:00:00", "2024-05-01T10:00:00"),
        (None, "2000-01-01T00:00:05"),
    ]
