"""`ctc dataset`: its messages, and its options for splits, sampling and cropping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.inventory import Inventory
from ctc.cli.exit_codes import run_command
from ctc.cli.main import ctc
from ctc.images import encode_jpeg
from ctc.images.eval_samples import read_events, record_table


def run(*arguments: object) -> int:
    return run_command(
        lambda: ctc.main(list(map(str, arguments)), prog_name="ctc", standalone_mode=False)
    )


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """30 foxes and 10 hares at 8 cameras, one photo each, with a box."""
    count = 40
    for i in range(count):
        (tmp_path / f"{i}.jpg").write_bytes(encode_jpeg(np.full((80, 120, 3), 6 * i, np.uint8), 90))
    columns = {
        "event_id": [f"e{i}" for i in range(count)],
        "images": [[f"{i}.jpg"] for i in range(count)],
        "species": ["hare" if i % 4 == 0 else "fox" for i in range(count)],
        "location": [f"camera {i * 7 % 8}" for i in range(count)],
        "box_x": [[0.25]] * count,
        "box_y": [[0.25]] * count,
        "box_w": [[0.25]] * count,
        "box_h": [[0.25] if i else [None] for i in range(count)],
        "box_conf": [[0.9]] * count,
    }
    Inventory(pa.table(columns), ("species",), tmp_path).write(tmp_path / "inventory.parquet")
    return tmp_path / "inventory.parquet"


def records(folder: Path, split: str = "train") -> list[EventRecord]:
    dataset = Dataset.read(folder)
    return [event for _, event in read_events(dataset, split, record_table(dataset, split))]


def test_dataset_dry_run_prints_splits_classes_bytes_and_time(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shares = ["--split", "train=0.75", "--split", "test=0.25"]
    assert run("dataset", inventory, "--output", tmp_path / "out", "--dry-run", *shares) == 0
    lines = capsys.readouterr().out.splitlines()
    cells = [line.split() for line in lines]
    assert cells[:3] == [["train", "test"], ["events", "30", "10"], ["photos", "30", "10"]]
    foxes, hares = cells[4], cells[5]
    assert (foxes[0], int(foxes[1]) + int(foxes[2])) == ("fox", 30)
    assert (hares[0], int(hares[1]) + int(hares[2])) == ("hare", 10)
    size = sum(path.stat().st_size for path in tmp_path.glob("*.jpg"))
    assert lines[6].startswith(f"to read {size / 1000:.3g} kB, to write ")
    assert lines[7].endswith("estimated from 40 photos")
    assert not (tmp_path / "out").exists()


def test_dataset_warns_of_locations_in_several_splits(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dataset", inventory, "--output", tmp_path / "out") == 0
    assert "locations have events in more than one split" in capsys.readouterr().err


def test_dataset_group_by_keeps_locations_in_one_split(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shares = ["--split", "train=0.75", "--split", "test=0.25"]
    assert (
        run("dataset", inventory, "--output", tmp_path / "out", "--group-by", "location", *shares)
        == 0
    )
    narration = capsys.readouterr().err
    assert "train: 75.0% of the events (75.0% requested), 6 groups of 'location'" in narration
    assert "more than one split" not in narration
    locations = [
        {record.meta["location"] for record in records(tmp_path / "out", split)}
        for split in ("train", "test")
    ]
    assert locations[0].isdisjoint(locations[1])
    test = Dataset.read(tmp_path / "out").label("species")
    assert all(test.counts["test"])


def test_dataset_warns_of_split_without_a_class(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Inventory.read(inventory).table
    species = pa.array(
        ["lynx" if i == 3 else name for i, name in enumerate(table["species"].to_pylist())]
    )
    table = table.set_column(table.column_names.index("species"), "species", species)
    Inventory(table, ("species",), tmp_path).write(inventory)
    assert run("dataset", inventory, "--output", tmp_path / "out", "--group-by", "location") == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if "has no event of" in line]
    assert sum("'lynx'" in line for line in warnings) == 2


def test_dataset_up_sample_repeats_rare_classes_in_train_only(
    inventory: Path, tmp_path: Path
) -> None:
    shares = ["--split", "train=0.5", "--split", "test=0.5"]
    assert run("dataset", inventory, "--output", tmp_path / "plain", *shares) == 0
    assert (
        run("dataset", inventory, "--output", tmp_path / "out", "--up-sample", "species", *shares)
        == 0
    )
    before, after = (
        Dataset.read(tmp_path / name).label("species").counts for name in ("plain", "out")
    )
    assert after["test"] == before["test"]
    assert after["train"] == (max(before["train"]),) * 2
    assert {r.event_id for r in records(tmp_path / "out")} == {
        r.event_id for r in records(tmp_path / "plain")
    }


def test_dataset_crop_box_stores_square_around_box(inventory: Path, tmp_path: Path) -> None:
    options = ["--split", "train=1", "--smallest-side", "30"]
    assert (
        run("dataset", inventory, "--output", tmp_path / "tight", "--crop-box", "0", *options) == 0
    )
    sizes = {record.event_id: record.sizes[0] for record in records(tmp_path / "tight")}
    assert sizes.pop("e0") == (30, 45)
    assert set(sizes.values()) == {(30, 30)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--crop-box", "9"], "the margin of --crop-box is 9"),
        (["--up-sample", "speces"], "did you mean 'species'"),
        (["--up-sample", "species", "--balance", "species"], "exclude each other"),
        (["--up-sample", "species", "--split", "a=1"], "repeats events of the split 'train'"),
        (["--group-by", "locaton"], "did you mean 'location'"),
    ],
)
def test_dataset_reports_invalid_options_in_one_line(
    inventory: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    assert run("dataset", inventory, "--output", tmp_path / "out", *options) == 2
    narration = capsys.readouterr().err
    assert message in narration
    assert narration.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_dataset_crop_box_without_boxes_names_megadetector(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boxless = Inventory.read(inventory)
    columns = [name for name in boxless.table.column_names if not name.startswith("box_")]
    Inventory(boxless.table.select(columns), boxless.labels, tmp_path).write(inventory)
    assert run("dataset", inventory, "--output", tmp_path / "out", "--crop-box") == 2
    assert "`ctc inventory megadetector`" in capsys.readouterr().err


def _with_two_species_in_one_event(inventory: Path) -> Path:
    read = Inventory.read(inventory)
    second = read.table.slice(0, 1).set_column(2, "species", pa.array(["fox"]))
    Inventory(pa.concat_tables([read.table, second]), ("species",), read.image_root).write(
        inventory
    )
    return inventory


def test_dataset_names_option_that_keeps_multi_observation_events(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(
            "dataset",
            _with_two_species_in_one_event(inventory),
            "--output",
            tmp_path / "out",
            "--dry-run",
        )
        == 0
    )
    expected = (
        "1 event left out: more than one observation; --keep-multi-observation keeps them, "
        "for `ctc train --multi-label`"
    )
    assert expected in capsys.readouterr().err


def test_dataset_warns_of_cropping_multi_observation_events(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    several = _with_two_species_in_one_event(inventory)
    options = ["--keep-multi-observation", "--crop-box", "--dry-run"]
    assert run("dataset", several, "--output", tmp_path / "out", *options) == 0
    assert (
        "1 event has several observations, but --crop-box keeps one box per photo"
        in capsys.readouterr().err
    )
