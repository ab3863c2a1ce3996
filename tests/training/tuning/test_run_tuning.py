"""A search: its trials are ordinary runs, it goes on after a kill, and it prunes."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.artifacts.run import Run
from ctc.errors import InputError, MissingExtraError, UsageError
from ctc.training.run_folder import read_config
from ctc.training.trainer.steps.step_errors import NotANumberError
from ctc.training.tuning import run_tuning
from ctc.training.tuning.run_tuning import describe, tune
from ctc.training.tuning.study import JOURNAL, TABLE

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
pytest.importorskip("optuna")

SEARCHED = ("learning_rate", "crop")


@pytest.fixture
def study(config, tmp_path):
    return replace(config, output=str(tmp_path / "study"), epochs=1, learning_rate=None)


def _rows(folder: str) -> list[dict[str, str]]:
    with open(Path(folder) / TABLE, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tune_runs_trials_and_returns_the_best(study, plugins_with_arrays, reporter):
    result = tune(study, SEARCHED, 3, plugins_with_arrays, reporter)
    rows = _rows(study.output)
    assert [row["run"] for row in rows] == ["trial-0000", "trial-0001", "trial-0002"]
    assert {row["state"] for row in rows} == {"complete"}
    losses = [float(row["val_loss"]) for row in rows]
    assert result.loss == min(losses)
    assert result.run.name == rows[losses.index(min(losses))]["run"]
    assert result.trials == 3
    used, _ = read_config(result.run)
    assert (used.learning_rate, used.crop) == tuple(result.values[name] for name in SEARCHED)
    run = Run(result.run)
    assert run.best_weights.is_file()
    assert not run.checkpoints.exists()
    assert len({row["learning_rate"] for row in rows}) == 3


def test_tune_again_adds_trials_up_to_the_number(study, plugins_with_arrays, reporter):
    tune(study, SEARCHED, 1, plugins_with_arrays, reporter)
    first = _rows(study.output)
    tune(study, SEARCHED, 1, plugins_with_arrays, reporter)
    assert _rows(study.output) == first
    tune(study, SEARCHED, 2, plugins_with_arrays, reporter)
    assert _rows(study.output)[:1] == first
    assert len(_rows(study.output)) == 2


def test_tune_goes_on_with_an_interrupted_trial(
    study, plugins_with_arrays, array_loader, reporter, tmp_path
):
    study = replace(study, deterministic=True)
    array_loader.interrupt_at = (0, 2)
    with pytest.raises(KeyboardInterrupt):
        tune(study, SEARCHED, 2, plugins_with_arrays, reporter)
    assert reporter.infos[-1] == "run the same command again"
    assert Run(Path(study.output) / "trial-0000").checkpoints.is_dir()
    array_loader.interrupt_at = None
    tune(study, SEARCHED, 2, plugins_with_arrays, reporter)
    undisturbed = replace(study, output=str(tmp_path / "undisturbed"))
    tune(undisturbed, SEARCHED, 2, plugins_with_arrays, reporter)
    one, other = _rows(study.output), _rows(undisturbed.output)
    assert one[0] == other[0]
    assert len(one) == len(other) == 2


def test_tune_prunes_trials_that_fall_behind(study, plugins_with_arrays, reporter, monkeypatch):
    """The first trials learn, the last one has a loss far above their median."""
    trials = iter(range(100))
    real = run_tuning._train

    def train_badly(config, callback, *arguments):
        if next(trials) == 5:
            config = replace(config, learning_rate=1e-12)
        return real(config, callback, *arguments)

    monkeypatch.setattr(run_tuning, "_train", train_badly)
    tune(replace(study, epochs=3), ("crop",), 6, plugins_with_arrays, reporter)
    states = [row["state"] for row in _rows(study.output)]
    assert states == [*["complete"] * 5, "pruned"]
    assert "'trial-0005' falls behind the other trials: pruned" in reporter.infos
    assert int(_rows(study.output)[5]["epochs"]) < 3


def test_tune_goes_past_trials_that_fail(study, plugins_with_arrays, reporter, monkeypatch):
    failing = iter([True, False])
    real = run_tuning._train

    def train_or_fail(*arguments):
        if next(failing):
            raise NotANumberError("the loss is not a number after step 1: lower --learning-rate")
        return real(*arguments)

    monkeypatch.setattr(run_tuning, "_train", train_or_fail)
    result = tune(study, SEARCHED, 2, plugins_with_arrays, reporter)
    assert [row["state"] for row in _rows(study.output)] == ["failed", "complete"]
    assert result.run.name == "trial-0001"
    (warning,) = [one for one in reporter.warnings if "failed" in one]
    assert warning == "'trial-0000' failed: the loss is not a number after step 1"


def test_tune_refuses_a_study_of_other_options(study, plugins_with_arrays, reporter):
    tune(study, SEARCHED, 1, plugins_with_arrays, reporter)
    with pytest.raises(UsageError, match="was started with 1 as 'epochs', not 2: choose another"):
        tune(replace(study, epochs=2), SEARCHED, 1, plugins_with_arrays, reporter)
    with pytest.raises(UsageError, match="searches learning_rate, crop, not learning_rate: "):
        tune(study, ("learning_rate",), 1, plugins_with_arrays, reporter)


def test_tune_refuses_another_folder_and_a_damaged_study(study, plugins_with_arrays, reporter):
    folder = Path(study.output)
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not a folder of `ctc tune`"):
        tune(study, SEARCHED, 1, plugins_with_arrays, reporter)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    (folder / JOURNAL).write_text("{broken\n" * 3)
    with pytest.raises(InputError, match="is damaged"):
        tune(study, SEARCHED, 1, plugins_with_arrays, reporter)


def test_tune_needs_a_validation_split(study, plugins_with_arrays, reporter, tiny_dataset):
    dataset = tiny_dataset({"train": 24, "test": 6}, name="no-val")
    with pytest.raises(UsageError, match="has no split 'val', whose loss the trials"):
        tune(
            replace(study, dataset=str(dataset.folder)), SEARCHED, 1, plugins_with_arrays, reporter
        )
    assert not Path(study.output).exists()


def test_tune_without_the_extra_names_it(study, plugins_with_arrays, reporter, monkeypatch):
    monkeypatch.setattr("ctc.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"\[tune\]"):
        tune(study, SEARCHED, 1, plugins_with_arrays, reporter)


def test_describe_writes_options():
    values = {"learning_rate": 0.00123456, "batch_size": 16, "color": "none"}
    assert describe(values) == "--learning-rate 0.001235 --batch-size 16 --color none"
