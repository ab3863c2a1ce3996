"""`ctc dataset verify`: a line per fault on stdout and exit code 1, or no line and exit code 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ctc.artifacts.dataset import Dataset
from ctc.cli.main import run

SHARD = "train-00000-of-00001.tfrecord"


@pytest.fixture
def folder(tiny_dataset: Callable[..., Dataset]) -> Path:
    return tiny_dataset({"train": 3, "val": 1}, shards=1, smallest_side=30).folder


def damage(folder: Path) -> None:
    data = bytearray((folder / SHARD).read_bytes())
    data[20] ^= 1
    (folder / SHARD).write_bytes(data)


def test_verify_sound_dataset_exits_with_0(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dataset", "verify", str(folder)]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "2 shards, 4 events, 7 photos: no fault\n")


def test_verify_prints_a_line_per_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(folder)
    assert run(["dataset", "verify", str(folder), "--workers", "1"]) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        f"{SHARD} at offset 0: the checksum of the record is wrong",
        f"{SHARD}: its sha256 is not the one in dataset.json",
    ]
    assert captured.err.endswith(": 2 faults\n")


def test_verify_json_prints_an_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(folder)
    assert run(["dataset", "verify", str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "shards": 2,
        "events": 3,
        "images": 6,
        "faults": [
            {"file": SHARD, "offset": 0, "fault": "the checksum of the record is wrong"},
            {"file": SHARD, "offset": None, "fault": "its sha256 is not the one in dataset.json"},
        ],
        "complete": True,
    }


def test_verify_max_faults_stops_with_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(folder)
    assert run(["dataset", "verify", str(folder), "--max-faults", "1"]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert "use --max-faults to find more" in captured.err


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (None, 2, "is a folder, not a dataset: it has no dataset.json"),
        (
            "{",
            1,
            "is not the manifest of a dataset that `ctc dataset` made: not JSON (line 1, column 2)",
        ),
        ("[]", 1, "a list, not a JSON object"),
        ("{}", 1, "not a ctc-dataset file"),
        ('{"format": "ctc-dataset", "format_version": 2}', 1, "update ctc"),
        ('{"format": "ctc-dataset", "format_version": 1}', 1, "damaged"),
    ],
)
def test_verify_reports_damaged_manifest_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, code: int, message: str
) -> None:
    if content is not None:
        (tmp_path / "dataset.json").write_text(content)
    assert run(["dataset", "verify", str(tmp_path)]) == code
    captured = capsys.readouterr()
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert message in captured.err


def test_verify_accepts_dataset_built_by_ctc(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, inventory = (
        shared / "data" / "cats-and-dogs" / "test" / "test_images",
        tmp_path / "inventory.parquet",
    )
    assert run(["inventory", "folders", str(photos), "--output", str(inventory)]) == 0
    assert (
        run(
            [
                "dataset",
                str(inventory),
                "--output",
                str(tmp_path / "dataset"),
                "--events-per-shard",
                "40",
            ]
        )
        == 0
    )
    assert run(["dataset", "verify", str(tmp_path / "dataset")]) == 0
    assert "119 events, 119 photos: no fault" in capsys.readouterr().err
