from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.run import Run
from ctc.training.model.network import load_network
from ctc.training.run_training import train
from ctc.training.trainer.steps.step_errors import NotANumberError

pytestmark = pytest.mark.tensorflow


def _history(run: Run) -> list[dict[str, str]]:
    with run.history.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_trainer_learns_separable_classes(config, plugins_with_arrays, array_loader, reporter):
    result = train(
        replace(config, epochs=15, early_stopping_patience=15), plugins_with_arrays, reporter
    )
    assert result.test.labels["species"].accuracy == 1.0
    scores = json.loads(result.run.test_scores.read_text())
    assert (scores["split"], scores["images"], scores["labels"]["species"]["n"]) == ("test", 12, 12)
    assert result.best.validation.loss == min(epoch.validation.loss for epoch in result.epochs)
    assert all(stream.closed for stream in array_loader.streams)


def test_trainer_keeps_weights_of_best_epoch(config, plugins_with_arrays, array_loader, reporter):
    result = train(config, plugins_with_arrays, reporter)
    network = load_network(result.run, plugins_with_arrays)
    batch = next(
        array_loader.open(
            Dataset.read(Path(config.dataset)), "test", array_loader.opened["val"]
        ).epoch(0)
    )
    chosen = network.predict_on_batch(batch.images)["species"].argmax(axis=1)
    assert np.mean(chosen == batch.labels["species"]) == pytest.approx(
        result.test.labels["species"].accuracy
    )


def test_trainer_logs_each_epoch(config, plugins_with_arrays, reporter):
    train(replace(config, labels=("species", "count"), epochs=1), plugins_with_arrays, reporter)
    assert reporter.infos[0].startswith("training 'small_cnn' at 16×20 on 36 events of ")
    assert reporter.infos[0].endswith(" with the loader 'arrays'")
    for part in (
        "epoch 1/1: loss ",
        ", val ",
        "; species accuracy ",
        "; count accuracy ",
        " img/s, ",
        "data wait ",
    ):
        assert part in reporter.infos[1]
    assert reporter.counted == {"epoch 1": 36, "validation": 12, "test": 12}
    assert all(
        re.fullmatch(r"loss \d+\.\d{3}, data wait \d+%", text) for text in reporter.bar_notes
    )


def test_trainer_stops_early_without_improvement(config, plugins_with_arrays, reporter):
    still = replace(
        config,
        learning_rate=1e-12,
        min_learning_rate=1e-13,
        epochs=30,
        early_stopping_patience=2,
        reduce_lr_patience=30,
    )
    result = train(still, plugins_with_arrays, reporter)
    assert len(result.epochs) < 30
    assert len(result.epochs) - 1 - result.best.index == 2
    assert reporter.infos[-1] == (
        "early stopping: 2 epochs without a lower validation loss (--early-stopping-patience); "
        f"to train longer: ctc train --resume {config.output} --early-stopping-patience 4"
    )
    assert reporter.warnings == [
        (
            "the learning rate is never reduced, because --early-stopping-patience 2 ends the "
            "training before --reduce-lr-patience 30: add --early-stopping-patience 30 or more"
        )
    ]


def test_trainer_reduces_learning_rate_on_plateau(
    config, plugins_with_arrays, tiny_dataset, reporter
):
    still = replace(
        config,
        dataset=str(tiny_dataset({"train": 24}, name="alone").folder),
        learning_rate=1e-9,
        min_learning_rate=1e-10,
        epochs=8,
        early_stopping_patience=9,
        reduce_lr_patience=1,
        reduce_lr_factor=0.5,
    )
    rates = [
        float(row["learning_rate"])
        for row in _history(train(still, plugins_with_arrays, reporter).run)
    ]
    assert rates[0] == 1e-9
    assert rates[-1] < 1e-9
    assert set(rates) <= {1e-9, 5e-10, 2.5e-10, 1.25e-10, 1e-10}
    assert (
        "learning rate reduced to 5e-10: 1 epoch without a lower training loss "
        "(--reduce-lr-patience)"
    ) in reporter.infos


def test_trainer_begins_with_loss_of_chance(config, plugins_with_arrays, reporter):
    still = replace(config, learning_rate=1e-12, epochs=1)
    first = train(still, plugins_with_arrays, reporter).epochs[0]
    assert first.training.loss == pytest.approx(np.log(3), abs=1e-4)


def test_trainer_limits_steps_per_epoch(config, plugins_with_arrays, reporter):
    train(replace(config, epochs=1, steps_per_epoch=2), plugins_with_arrays, reporter)
    assert reporter.counted["epoch 1"] == 24


def test_trainer_monitors_training_loss_without_validation(
    config, plugins_with_arrays, tiny_dataset, reporter
):
    dataset = tiny_dataset({"train": 12}, name="alone")
    result = train(
        replace(config, dataset=str(dataset.folder), epochs=1), plugins_with_arrays, reporter
    )
    assert "there is no split 'val': early stopping uses the training loss" in reporter.infos
    assert (result.best.monitored_loss, result.test) == (result.best.training.loss, None)
    assert not result.run.test_scores.exists()


def test_trainer_ignores_label_of_weight_zero(config, plugins_with_arrays, reporter):
    both = replace(config, labels=("species", "count"), label_weights={"count": 0.0}, epochs=1)
    result = train(both, plugins_with_arrays, reporter)
    assert result.best.training.loss == pytest.approx(result.best.training.labels["species"].loss)


def test_trainer_stops_at_infinite_loss_and_leaves_no_folder(
    config, plugins_with_arrays, reporter, tmp_path
):
    with pytest.raises(
        NotANumberError,
        match=r"of 'species' is not a number after step \d+ of .*: lower --learning-rate",
    ):
        train(replace(config, learning_rate=1e30), plugins_with_arrays, reporter)
    assert not (tmp_path / "run").exists()
