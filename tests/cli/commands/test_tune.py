from __future__ import annotations

from typing import Any

import pytest

from ctc.cli.commands import tune as module
from ctc.cli.main import run
from ctc.errors import MissingExtraError

NEEDED = ["tune", "data", "--output", "study", "--backbone", "small_cnn", "--label", "species"]


@pytest.fixture
def searched(monkeypatch):
    """A function that returns the options that a command line would search."""

    def find(*arguments: str) -> tuple[str, ...]:
        found: list[Any] = []

        def keep(context: Any, names: tuple[str, ...]) -> tuple[str, ...]:
            found.extend(names_to_search(context, names))
            raise MissingExtraError("this test", "none")  # ends the command

        names_to_search = module._names_to_search
        monkeypatch.setattr(module, "_names_to_search", keep)
        run([*NEEDED, *arguments])
        return tuple(found)

    return find


def test_tune_searches_what_is_not_given(searched):
    assert searched("--crop", "0.2", "--optimizer", "adamw", "--batch-size", "16") == (
        "learning_rate",
        "weight_decay",
        "color",
        "zoom",
        "rotate",
        "mixup",
    )


def test_tune_searches_what_is_named(searched):
    assert searched("--search", "zoom", "--search", "learning-rate") == ("zoom", "learning_rate")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--search", "crop", "--crop", "0.1"], "--search crop searches what --crop gives"),
        (["--search", "loss"], "'loss' is not one of"),
        (["--trials", "0"], "--trials"),
    ],
)
def test_tune_refuses(arguments, message, capsys):
    assert run([*NEEDED, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_tune_without_the_extra_names_it(monkeypatch, capsys):
    monkeypatch.setattr("ctc.errors.find_spec", lambda name: None)
    assert run(NEEDED) == 1
    assert "[tune]" in capsys.readouterr().err


@pytest.mark.tensorflow
@pytest.mark.slow
def test_tune_prints_the_best_trial(tiny_dataset, tmp_path, capsys):
    pytest.importorskip("optuna")
    dataset = tiny_dataset({"train": 12, "val": 6, "test": 3})
    study = tmp_path / "study"
    code = run(
        [
            *("tune", str(dataset.folder), "--output", str(study), "--backbone", "small_cnn"),
            *("--label", "species", "--width", "16", "--epochs", "1", "--trials", "1"),
            *("--loader", "turbo", "--search", "learning-rate"),
        ]
    )
    printed = capsys.readouterr()
    assert code == 0, printed.err
    best, options, folder = printed.out.splitlines()
    assert best.startswith("best      validation loss ")
    assert best.endswith(", of 1 trial")
    assert options.startswith("options   --learning-rate 0.0")
    assert folder == f"run       {study / 'trial-0000'}"
    assert f"ctc train --config {study}/trial-0000/run.json --output run" in printed.err
