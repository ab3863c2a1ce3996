"""`ctc models` and `ctc models get`, as somebody types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ctc.cli.main import run

Offer = Callable[..., Path]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder without lists."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("CTC_MODEL_LISTS", raising=False)
    return here


@pytest.fixture
def offer(tmp_path: Path, model: Path) -> Offer:
    """A function that writes the list `models.json` with the model `park-species`."""

    def write(name: str = "models.json", **changes: Any) -> Path:
        data = model.read_bytes()
        entry = {
            "name": "park-species",
            "kind": "classifier",
            "url": "model.onnx",
            "size": len(data),
            "sha256": sha256(data).hexdigest(),
            "licence": "MIT",
            "region": "Bavaria",
            **changes,
        }
        content = {"format": "ctc-model-list", "format_version": 1, "models": [entry]}
        path = tmp_path / name
        path.write_text(json.dumps({**content, "name": "Park models"}))
        return path

    return write


def test_models_without_anything_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "no model file here: `ctc export` and `ctc import` write them" in shown.err
    assert "no list: give one with --list FILE|URL, or name it in CTC_MODEL_LISTS" in shown.err


def test_models_shows_what_a_list_offers_and_what_is_here(
    offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = ["--list", str(offer())]
    assert run(["models", *listed]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row[:5] == ["park-species", "classifier", "?", "Bavaria", "?"]
    assert row[-2:] == ["MIT", "yes"]
    assert run(["models", "get", "park-species", *listed, "--output", "mine.onnx"]) == 0
    capsys.readouterr()
    assert run(["models", *listed]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:3] == ["mine.onnx", "classifier", "2"]
    assert lines[4].split()[-1] == "mine.onnx"


def test_models_takes_lists_of_the_environment(
    offer: Offer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CTC_MODEL_LISTS", f"{offer()}, none.json")
    assert run(["models"]) == 3
    shown = capsys.readouterr()
    assert "park-species" in shown.out
    assert shown.err.startswith("warning: the list 'none.json' does not exist\n")


def test_models_lists_further_folders(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "--folder", str(model.parent)]) == 0
    assert str(model) in capsys.readouterr().out
    monkeypatch.setenv("CTC_MODELS_FOLDER", str(model.parent))
    assert run(["models"]) == 0
    assert str(model) in capsys.readouterr().out


def test_models_prints_details(offer: Offer, capsys: pytest.CaptureFixture[str]) -> None:
    path = offer(summary="Foxes", training_data="1,000 events", classes=["fox", "wolf"])
    assert run(["models", "--list", str(path), "--details"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "park-species: Foxes"
    assert "  classes: 2 (fox, wolf)" in lines
    assert "  training data: 1,000 events" in lines
    assert any(line.startswith("  SHA-256: ") for line in lines)


def test_models_as_json(offer: Offer, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--list", str(offer()), "--folder", str(model.parent), "--json"]
    assert run(["models", *words]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["here"][0]["labels"]["species"] == ["fox", "wolf"]
    offered = shown["lists"][0]["models"][0]
    assert (offered["licence"], offered["commercial_use"]) == ("MIT", True)
    assert offered["here"] == str(model)


@pytest.mark.parametrize("licence", ["CC-BY-NC-4.0", None, "LicenseRef-park"])
def test_models_get_says_the_licence_before_it_fetches(
    licence: str | None, offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["models", "get", "park-species", "--output", "mine.onnx"]
    words += ["--list", str(offer(licence=licence))]
    assert run(words) == 2
    assert "add --accept-licence if you may use the model" in capsys.readouterr().err
    assert not Path("mine.onnx").exists()
    assert run([*words, "--accept-licence"]) == 0
    assert Path("mine.onnx").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 130)])
def test_models_get_asks_on_a_terminal(
    answer: str, code: int, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from io import StringIO

    typed = StringIO(answer)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", typed)
    words = ["--list", str(offer(licence="CC-BY-NC-4.0")), "--output", "mine.onnx"]
    assert run(["models", "get", "park-species", *words]) == code
    assert Path("mine.onnx").exists() == (code == 0)


def test_models_get_without_a_checksum(offer: Offer, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["models", "get", "park-species", "--output", "mine.onnx"]
    words += ["--list", str(offer(sha256=None))]
    assert run(words) == 2
    assert "add --without-checksum" in capsys.readouterr().err
    assert run([*words, "--without-checksum"]) == 0
    assert "SHA-256 of model.onnx: " in capsys.readouterr().err


def test_models_get_keeps_an_existing_output(
    offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.onnx").write_bytes(b"mine")
    words = ["models", "get", "park-species", "--output", "mine.onnx", "--list", str(offer())]
    assert run(words) == 2
    assert "'mine.onnx' exists already" in capsys.readouterr().err
    assert Path("mine.onnx").read_bytes() == b"mine"
    assert run([*words, "--overwrite"]) == 0


def test_models_get_dry_run_tells_and_fetches_nothing(
    offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--list", str(offer(summary="Foxes")), "--output", "mine.onnx", "--dry-run"]
    assert run(["models", "get", "park-species", *words]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "park-species: Foxes"
    assert lines[-1] == "  licence: MIT, which allows commercial use"
    assert not Path("mine.onnx").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "error: no list has a model: give one with --list FILE|URL"),
        (["--list", "none.json"], "error: the list 'none.json' does not exist"),
        (["--list", "http://127.0.0.1:9/none.json"], "can't be reached: connect call failed"),
    ],
)
def test_models_get_without_a_list_that_can_be_read(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "get", "x", "--output", "mine.onnx", *words]) in (1, 2)
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_models_shows_detectors_and_files_of_others(
    write_bright_detector: Callable[..., Path], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bright_detector(folder / "raw.onnx")
    assert run(["import", "raw.onnx", "--output", "boxes.onnx", "--licence", "MIT"]) == 0
    capsys.readouterr()
    assert run(["models"]) == 0
    ours, theirs = capsys.readouterr().out.splitlines()[1:3]
    assert ours.split()[:5] == ["boxes.onnx", "detector", "3", "categories", "64x64"]
    assert theirs.split()[:5] == ["raw.onnx", "of", "another", "program:", "see"]
    assert run(["models", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["here"]
    assert shown[0]["categories"] == {"animal": "animal", "person": "human", "vehicle": "vehicle"}
    assert "fault" in shown[1]
