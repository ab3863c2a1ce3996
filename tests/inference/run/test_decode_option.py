"""`ctc predict --decode gpu`, with DALI on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from ctc.cli.main import run
from ctc.cli.options.inference import DECODE_DEVICES
from ctc.inference.config import DecodeDevice, PredictConfig
from ctc.inference.gpu_decode.device import DaliDevice
from ctc.inference.pipeline import pipeline
from ctc.inference.run import engine_tasks, photo_run


@pytest.fixture
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(
        "nvidia.dali", reason="needs DALI: pip install camera-trap-classifier[dali]"
    )
    monkeypatch.setattr(photo_run, "require_gpu_decoding", lambda: None)
    for module in (photo_run, pipeline):
        monkeypatch.setattr(module, "decoder_device", lambda *_: DaliDevice())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photos of which the fourth is cut."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(8):
        Image.effect_noise((160, 120), 90).convert("RGB").save(folder / f"{number}.jpg")
    cut = folder / "3.jpg"
    cut.write_bytes(cut.read_bytes()[:2000])
    return folder


def predict(model: Path, photos: Path, output: Path, *options: str) -> int:
    given = ("--batch-size", "2", "--threads", "1", *options)
    return run(["predict", str(model), str(photos), "--output", str(output), *given])


def test_option_offers_all_devices() -> None:
    assert get_args(DecodeDevice) == DECODE_DEVICES


def test_only_another_decoder_is_part_of_the_identity() -> None:
    config = {"model": Path("m.onnx"), "sources": (), "output": Path("p.csv")}
    assert "--decode" not in PredictConfig(**config).identity("1", "2")
    assert PredictConfig(**config, decode="gpu").identity("1", "2")["--decode"] == "gpu"


@pytest.mark.usefixtures("on_the_cpu")
def test_outputs_list_the_same_photos_and_failures(model, photos, tmp_path) -> None:
    cpu, gpu = tmp_path / "cpu.csv", tmp_path / "gpu.csv"
    assert predict(model, photos, cpu) == 3
    assert predict(model, photos, gpu, "--decode", "gpu") == 3
    failures = [path.with_name(f"{path.name}.failures.csv") for path in (cpu, gpu)]
    assert failures[0].read_bytes() == failures[1].read_bytes()
    ids = [[line.split(",")[0] for line in path.read_text().splitlines()] for path in (cpu, gpu)]
    assert ids[0] == ids[1]


@pytest.mark.usefixtures("on_the_cpu")
def test_interrupted_run_resumes_to_the_same_bytes(model, photos, tmp_path, capsys) -> None:
    whole, resumed = tmp_path / "whole.csv", tmp_path / "resumed.csv"
    assert predict(model, photos, whole, "--decode", "gpu") == 3
    assert predict(model, photos, resumed, "--decode", "gpu", "--max-failures", "0") == 1
    capsys.readouterr()
    assert predict(model, photos, resumed) == 2
    assert "is of an unfinished run with --decode gpu" in capsys.readouterr().err
    assert predict(model, photos, resumed, "--decode", "gpu") == 3
    assert "resuming from" in capsys.readouterr().err
    assert resumed.read_bytes() == whole.read_bytes()


def test_without_a_gpu_nothing_is_opened_or_written(model, photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ctc.inference.gpu_decode.device.nvidia_gpus", lambda: 0)
    assert predict(tmp_path / "gone.onnx", photos, tmp_path / "p.csv", "--decode", "gpu") == 2
    assert "--decode gpu needs" in capsys.readouterr().err
    engine = ("--decode", "gpu", "--engine", "local")
    assert predict(model, photos, tmp_path / "p.csv", *engine) == 2
    assert "--decode gpu needs" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path != photos] == [model.name]


@pytest.mark.usefixtures("on_the_cpu")
def test_engine_gives_the_answers_of_one_process(model, photos, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(engine_tasks, "decoder_device", lambda *_: DaliDevice())
    one, engine = tmp_path / "one.csv", tmp_path / "engine.csv"
    assert predict(model, photos, one, "--decode", "gpu") == 3
    assert predict(model, photos, engine, "--decode", "gpu", "--engine", "local") == 3
    assert engine.read_bytes() == one.read_bytes()
