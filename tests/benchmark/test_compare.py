"""`ctc benchmark loaders`: consistent figures from real worker processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from ctc.benchmark.compare import add_ratios
from ctc.benchmark.records import BASELINE, LIMIT, BenchmarkResult
from ctc.cli.exit_codes import run_command
from ctc.cli.main import ctc

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

QUICK = ["--seconds", "0.2", "--rounds", "1", "--batch-size", "4", "--size", "32", "--json"]


def run(*arguments: object) -> int:
    return run_command(
        lambda: ctc.main(list(map(str, arguments)), prog_name="ctc", standalone_mode=False)
    )


def test_compare_measures_a_loader_and_the_limit(
    tiny_dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ["--loader", "turbo", "--loader", LIMIT]
    chart = tmp_path / "chart.png"
    assert (
        run("benchmark", "loaders", tiny_dataset().folder, *QUICK, *chosen, "--chart", chart) == 0
    )
    turbo, limit = json.loads(capsys.readouterr().out)
    assert [turbo["name"], limit["name"]] == ["turbo", LIMIT]
    assert limit["to_limit"] == 1.0
    assert turbo["to_limit"] == pytest.approx(
        turbo["images_per_second"] / limit["images_per_second"]
    )
    assert turbo["cpu_seconds_per_1000_images"] == pytest.approx(
        1000 / turbo["images_per_second_per_core"]
    )
    assert turbo["peak_mb"] > 10
    with Image.open(chart) as picture:
        assert picture.size[0] == 1200


def test_compare_gives_the_reason_when_a_loader_fails(
    tiny_dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tiny_dataset().folder
    (folder / "train-00000-of-00002.tfrecord").write_bytes(b"")
    assert run("benchmark", "loaders", folder, "--split", "train", *QUICK, "--loader", "turbo") == 0
    (turbo,) = json.loads(capsys.readouterr().out)
    assert turbo["images_per_second"] is None
    assert "has 0 bytes of" in turbo["note"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--loader", "trubo"], "did you mean 'turbo'"),
        (["--split", "trian"], "did you mean 'train'"),
    ],
)
def test_check_names_suggests_the_closest_name(
    tiny_dataset, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert run("benchmark", "loaders", tiny_dataset().folder, *options) == 2
    assert message in capsys.readouterr().err


def test_add_ratios_needs_both_measurements() -> None:
    ours, base, gone = add_ratios(
        [
            BenchmarkResult("turbo", 300.0),
            BenchmarkResult(BASELINE, 100.0),
            BenchmarkResult("dali", note="not here"),
        ]
    )
    assert (ours.to_tfdata, ours.to_limit) == (3.0, None)
    assert base.to_tfdata == 1.0
    assert gone.to_tfdata is None
