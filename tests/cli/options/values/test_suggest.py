from __future__ import annotations

import click
import pytest

from ctc.cli.main import run
from ctc.cli.options.values.suggest import suggest_option


@click.command()
@click.option("--threshold")
@click.option("--threads")
@click.option("--overwrite/--keep", "overwrite")
@click.option("--learning-rate")
@click.option("--color")
def command() -> None: ...


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--treshold", "threshold"),
        ("--threshhold", "threshold"),
        ("--thresh", "threshold"),
        ("--thread", "threads"),
        ("--confidence", "threshold"),
        ("--learning_rate", "learning-rate"),
        ("--lr", "learning-rate"),
        ("--kep", "keep"),
    ],
)
def test_suggest_option_takes_the_nearest(given: str, meant: str) -> None:
    assert suggest_option(given, click.Context(command)) == f": did you mean '--{meant}'?"


@pytest.mark.parametrize("given", ["--lamp", "-x", "--gpu"])
def test_suggest_option_is_silent_where_nothing_is_near(given: str) -> None:
    assert suggest_option(given, click.Context(command)) == ""


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        (["predict", "m.onnx", "p", "--thresh", "1"], "did you mean '--threshold'?"),
        (["train", "dataset", "--lr", "0.1"], "did you mean '--learning-rate'?"),
        (["predict", "m.onnx", "p", "--lr", "0.1"], "see 'ctc predict --help'"),
        (["predict", "m.onnx", "-o", "p.csv"], "did you mean '--output'?"),
    ],
)
def test_unknown_option_ends_with_the_next_step(
    arguments: list[str], end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().err.rstrip().endswith(end)
