from __future__ import annotations

import csv
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.run import Run
from ctc.errors import MissingExtraError, OutputExistsError, UsageError
from ctc.training.config import read_config
from ctc.training.model.network import load_network
from ctc.training.run_training import resume, train
from ctc.training.trainer.run_batches import NotANumberError


def _history(run: Run) -> list[dict[str, str]]:
    with run.history.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_learns_what_can_be_learnt(config, plugins_with_arrays, array_loader, notes):
    result = train(
        replace(config, epochs=15, early_stopping_patience=15), plugins_with_arrays, notes
    )
    assert result.test.labels["species"].accuracy == 1.0
    scores = json.loads(result.run.test_scores.read_text())
    assert (scores["split"], scores["images"], scores["labels"]["species"]["n"]) == ("test", 12, 12)
    assert result.best.validation.loss == min(epoch.validation.loss for epoch in result.epochs)
    assert all(stream.closed for stream in array_loader.streams)


def test_keeps_the_weights_of_the_best_epoch(config, plugins_with_arrays, array_loader, notes):
    result = train(config, plugins_with_arrays, notes)
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


def test_says_how_each_epoch_went(config, plugins_with_arrays, notes):
    train(replace(config, labels=("species", "count"), epochs=1), plugins_with_arrays, notes)
    assert notes.lines[0].startswith("training 'small_cnn' at 16×20 on 36 events of ")
    assert notes.lines[0].endswith("fed by the loader 'arrays'")
    for part in ("epoch 1/1: loss ", ", val ", "; species ", "; count ", " img/s, ", "waiting "):
        assert part in notes.lines[1]
    assert notes.counted == {"epoch 1": 36, "validation": 12, "test": 12}
    assert all(re.fullmatch(r"loss \d+\.\d{3}, waiting \d+%", text) for text in notes.noted)


def test_history_has_a_row_per_epoch(config, plugins_with_arrays, notes):
    rows = _history(train(replace(config, epochs=2), plugins_with_arrays, notes).run)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert list(rows[0]) == [
        *("epoch", "loss", "val_loss"),
        *("loss[species]", "accuracy[species]", "top5[species]", "macro_f1[species]"),
        *(
            "val_loss[species]",
            "val_accuracy[species]",
            "val_top5[species]",
            "val_macro_f1[species]",
        ),
        *("learning_rate", "images_per_second", "seconds", "waiting"),
    ]


def test_its_options_repeat_the_run(config, plugins_with_arrays, notes, tmp_path):
    first = train(config, plugins_with_arrays, notes)
    repeated, info = read_config(first.run.info_path)
    second = train(replace(repeated, output=str(tmp_path / "again")), plugins_with_arrays, notes)
    assert info.labels == {"species": ("boar", "deer", "fox")}
    assert len(info.devices) == 1
    assert [row["loss"] for row in _history(second.run)] == [
        row["loss"] for row in _history(first.run)
    ]


def test_another_seed_is_another_run(config, plugins_with_arrays, notes, tmp_path):
    first = train(replace(config, epochs=1), plugins_with_arrays, notes)
    other = replace(config, epochs=1, seed=1, output=str(tmp_path / "other"))
    assert train(other, plugins_with_arrays, notes).best.training.loss != first.best.training.loss


def test_stops_when_nothing_improves(config, plugins_with_arrays, notes):
    still = replace(
        config, learning_rate=1e-12, epochs=30, early_stopping_patience=2, reduce_lr_patience=30
    )
    result = train(still, plugins_with_arrays, notes)
    assert len(result.epochs) < 30
    assert len(result.epochs) - 1 - result.best.index == 2
    assert "stopped; epochs without a lower loss: 2" in notes.lines


def test_slows_down_on_a_plateau(config, plugins_with_arrays, tiny_dataset, notes):
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
        for row in _history(train(still, plugins_with_arrays, notes).run)
    ]
    assert rates[0] == 1e-9
    assert rates[-1] < 1e-9
    assert set(rates) <= {1e-9, 5e-10, 2.5e-10, 1.25e-10, 1e-10}
    assert "learning rate lowered to 5e-10; epochs without a lower loss: 1" in notes.lines


def test_an_epoch_can_be_shorter(config, plugins_with_arrays, notes):
    train(replace(config, epochs=1, steps_per_epoch=2), plugins_with_arrays, notes)
    assert notes.counted["epoch 1"] == 24


def test_without_validation_the_training_loss_counts(
    config, plugins_with_arrays, tiny_dataset, notes
):
    dataset = tiny_dataset({"train": 12}, name="alone")
    result = train(
        replace(config, dataset=str(dataset.folder), epochs=1), plugins_with_arrays, notes
    )
    assert "there is no split 'val': early stopping goes by the training loss" in notes.lines
    assert (result.best.monitored_loss, result.test) == (result.best.training.loss, None)
    assert not result.run.test_scores.exists()


def test_a_label_of_weight_zero_is_not_learnt(config, plugins_with_arrays, notes):
    both = replace(config, labels=("species", "count"), label_weights={"count": 0.0}, epochs=1)
    result = train(both, plugins_with_arrays, notes)
    assert result.best.training.loss == pytest.approx(result.best.training.labels["species"].loss)


def test_an_earlier_run_is_not_overwritten_unasked(
    config, after_one_epoch, plugins_with_arrays, notes
):
    before = after_one_epoch.history.read_bytes()
    with pytest.raises(OutputExistsError):
        train(config, plugins_with_arrays, notes)
    assert after_one_epoch.history.read_bytes() == before


def test_an_earlier_run_is_replaced_when_asked(config, plugins_with_arrays, notes):
    train(replace(config, epochs=2), plugins_with_arrays, notes)
    result = train(replace(config, epochs=1), plugins_with_arrays, notes, overwrite=True)
    assert len(_history(result.run)) == 1


def test_a_folder_that_is_no_run_is_never_overwritten(config, plugins_with_arrays, notes, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.doc").write_text("years of work")
    with pytest.raises(UsageError, match="exists and is not a run"):
        train(config, plugins_with_arrays, notes, overwrite=True)
    assert (tmp_path / "run" / "thesis.doc").exists()


def test_a_loss_that_overflows_stops_the_run_and_leaves_nothing(
    config, plugins_with_arrays, notes, tmp_path
):
    with pytest.raises(
        NotANumberError,
        match=r"of 'species' is not a number after step \d+ of .*: lower --learning-rate",
    ):
        train(replace(config, learning_rate=1e30), plugins_with_arrays, notes)
    assert not (tmp_path / "run").exists()


def test_leaves_a_picture_of_the_curves(config, plugins_with_arrays, notes):
    run = train(replace(config, epochs=2), plugins_with_arrays, notes).run
    with Image.open(run.curves) as picture:
        assert picture.format == "PNG"
        assert picture.width > 800


def test_says_of_each_test_event_what_it_is(config, plugins_with_arrays, notes):
    result = train(
        replace(config, labels=("species", "count"), epochs=1), plugins_with_arrays, notes
    )
    with result.run.test_predictions.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0])[:5] == [
        "id",
        "label",
        "prediction_top",
        "confidence_top",
        "predictions_all",
    ]
    assert [(row["id"], row["label"]) for row in rows[:2]] == [
        ("test-0", "species"),
        ("test-0", "count"),
    ]
    species = [row for row in rows if row["label"] == "species"]
    right = np.mean([row["prediction_top"] == row["true_species"] for row in species])
    assert right == pytest.approx(result.test.labels["species"].accuracy)
    assert sum(json.loads(rows[0]["predictions_all"]).values()) == pytest.approx(1, abs=0.001)
    assert {row["true_count"] for row in rows} == {"1", "2+", ""}


def test_an_event_of_several_photos_has_one_prediction(config, plugins_with_arrays, notes):
    """The test split has 12 events with 24 photos."""
    result = train(replace(config, image_choice="all", epochs=1), plugins_with_arrays, notes)
    assert len(result.run.test_predictions.read_text().splitlines()) == 1 + 12
    assert result.test.images == 24


def test_logs_for_tensorboard_hold_every_epoch(config, plugins_with_arrays, notes):
    run = train(replace(config, tensorboard=True, epochs=1), plugins_with_arrays, notes).run
    resume(replace(config, tensorboard=True, epochs=2), plugins_with_arrays, notes)
    for name, column in (("train", "loss"), ("validation", "val_loss")):
        (path,) = (run.tensorboard / name).iterdir()
        logged = {event.step: _scalars(event) for event in _events(path) if event.step}
        assert [logged[step]["loss"] for step in (1, 2)] == pytest.approx(
            [float(row[column]) for row in _history(run)], rel=1e-4
        )
        assert {"species/accuracy", "species/macro_f1"} <= set(logged[2])


def _events(path: Path):
    """As TensorFlow reads them."""
    from tensorflow.compat.v1.train import summary_iterator

    return summary_iterator(str(path))


def _scalars(event) -> dict[str, float]:
    return {value.tag: value.simple_value for value in event.summary.value}


def test_without_mlflow_it_is_an_extra_to_install(config, plugins_with_arrays, notes, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'camera-trap-classifier\[mlflow\]'"):
        train(replace(config, mlflow=True), plugins_with_arrays, notes)
    assert not Path(config.output).exists()


def test_says_when_the_dataset_of_an_earlier_run_has_changed(
    config, one_epoch, plugins_with_arrays, notes
):
    info = replace(one_epoch.run.read(), dataset={"path": config.dataset, "fingerprint": "another"})
    train(replace(config, epochs=1), plugins_with_arrays, notes, source_run=info)
    assert notes.warnings == [
        f"'{config.dataset}' has changed since '{one_epoch.run.folder}' was trained on it: the outcome will differ"
    ]
