from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.artifacts.run import Run
from ctc.errors import CtcError, InputError, OutputExistsError, UsageError
from ctc.training.run_folder import lock_run, read_config
from ctc.training.run_training import resume, train

pytestmark = pytest.mark.tensorflow


def _history(run: Run) -> list[dict[str, str]]:
    with run.history.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_train_with_options_of_a_run_repeats_it(config, plugins_with_arrays, reporter, tmp_path):
    first = train(config, plugins_with_arrays, reporter)
    repeated, info = read_config(first.run.info_path)
    second = train(replace(repeated, output=str(tmp_path / "again")), plugins_with_arrays, reporter)
    assert info.labels == {"species": ("boar", "deer", "fox")}
    assert len(info.devices) == 1
    assert [row["loss"] for row in _history(second.run)] == [
        row["loss"] for row in _history(first.run)
    ]


def test_train_with_another_seed_differs(config, plugins_with_arrays, reporter, tmp_path):
    first = train(replace(config, epochs=1), plugins_with_arrays, reporter)
    other = replace(config, epochs=1, seed=1, output=str(tmp_path / "other"))
    assert (
        train(other, plugins_with_arrays, reporter).best.training.loss != first.best.training.loss
    )


def test_train_keeps_earlier_run_without_overwrite(
    config, after_one_epoch, plugins_with_arrays, reporter
):
    before = after_one_epoch.history.read_bytes()
    with pytest.raises(OutputExistsError):
        train(config, plugins_with_arrays, reporter)
    assert after_one_epoch.history.read_bytes() == before


def test_train_replaces_earlier_run_with_overwrite(config, plugins_with_arrays, reporter):
    train(replace(config, epochs=2), plugins_with_arrays, reporter)
    result = train(replace(config, epochs=1), plugins_with_arrays, reporter, overwrite=True)
    assert len(_history(result.run)) == 1


def test_train_never_overwrites_other_folders(config, plugins_with_arrays, reporter, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.doc").write_text("years of work")
    with pytest.raises(UsageError, match="exists and is not a run"):
        train(config, plugins_with_arrays, reporter, overwrite=True)
    assert (tmp_path / "run" / "thesis.doc").exists()


def test_train_warns_if_dataset_of_source_run_has_changed(
    config, one_epoch, plugins_with_arrays, reporter
):
    info = replace(one_epoch.run.read(), dataset={"path": config.dataset, "fingerprint": "another"})
    train(replace(config, epochs=1), plugins_with_arrays, reporter, source_run=info)
    assert reporter.warnings == [
        (
            f"'{config.dataset}' has changed since '{one_epoch.run.folder}' was trained on it: "
            "the results will differ"
        )
    ]


def test_resume_rejects_changed_option(config, after_one_epoch, plugins_with_arrays, reporter):
    with pytest.raises(
        UsageError, match="was started with 0 as 'seed', not 1: leave that option out"
    ):
        resume(replace(config, epochs=1, seed=1), plugins_with_arrays, reporter)


def test_resume_rejects_another_dataset(
    config, after_one_epoch, plugins_with_arrays, tiny_dataset, reporter
):
    other = str(tiny_dataset({"train": 12, "val": 5}, name="other").folder)
    with pytest.raises(UsageError, match="is not the dataset of"):
        resume(replace(config, epochs=2, dataset=other), plugins_with_arrays, reporter)


def test_resume_continues_finished_run_with_more_epochs(
    config, after_one_epoch, plugins_with_arrays, reporter
):
    result = resume(replace(config, epochs=2), plugins_with_arrays, reporter)
    assert [epoch.index for epoch in result.epochs] == [0, 1]


def test_resume_of_finished_run_says_which_option_extends_it(
    config, after_one_epoch, plugins_with_arrays, reporter
):
    resume(replace(config, epochs=1), plugins_with_arrays, reporter)
    run = after_one_epoch.folder
    assert reporter.infos == [
        (
            f"nothing is left to train in '{run}': epoch 1 of 1 is done; "
            f"to train longer: ctc train --resume {run} --epochs 2"
        )
    ]


def test_resume_with_more_epochs_names_early_stopping_that_applies(
    config, plugins_with_arrays, reporter
):
    still = replace(
        config, learning_rate=1e-12, epochs=30, early_stopping_patience=2, reduce_lr_patience=30
    )
    ended = train(still, plugins_with_arrays, reporter)
    reporter.infos.clear()
    longer = resume(replace(still, epochs=40), plugins_with_arrays, reporter)
    assert len(longer.epochs) == len(ended.epochs)
    (hint,) = reporter.infos
    assert hint.startswith("nothing is left to train in ")
    assert hint.endswith(f"ctc train --resume {config.output} --early-stopping-patience 4")


def test_train_keeps_out_another_training(config, plugins_with_arrays, reporter):
    with (
        lock_run(Run(Path(config.output))),
        pytest.raises(InputError, match="is being written by another `ctc train`: wait for it"),
    ):
        train(config, plugins_with_arrays, reporter)
    assert not Path(config.output).exists()


def test_train_finds_output_that_cannot_be_written_before_any_work(
    config, plugins_with_arrays, reporter, tmp_path
):
    (tmp_path / "file").touch()
    with pytest.raises(CtcError, match="can't be written: not a directory"):
        train(
            replace(config, output=str(tmp_path / "file" / "run"), dataset="missing"),
            plugins_with_arrays,
            reporter,
        )


def test_resume_only_evaluates_test_split_of_finished_run(
    config, one_epoch, after_one_epoch, plugins_with_arrays, reporter
):
    after_one_epoch.test_scores.unlink()
    again = resume(replace(config, epochs=1), plugins_with_arrays, reporter)
    assert again.test.labels == one_epoch.test.labels
    assert again.run.test_scores.exists()


def test_train_without_memory_is_one_error_line(config, plugins_with_arrays, reporter, monkeypatch):
    def fail(*_: object) -> None:
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr("ctc.training.trainer.steps.train_step.ModelRunner.train_step", fail)
    with pytest.raises(CtcError, match=r"^out of memory: close other programs, add --accumulate 4"):
        train(config, plugins_with_arrays, reporter)
    assert not Path(config.output).exists()
