"""ctc calibrate"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from ctc.cli.main import run
from ctc.evaluation.calibration.calibration import temperature_scaling
from ctc.runtime.session import load_model
from ctc.storage.paths import parse_path

PIXELS = np.random.default_rng(0).integers(0, 255, (7, 16, 24, 3), dtype=np.uint8)


def calibrate(model: Path, dataset, output: Path, *more: str) -> int:
    return run(["calibrate", str(model), str(dataset.folder), "--output", str(output), *more])


def test_calibrate_model_writes_fit_and_metadata(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    model, output = build_model(sharpness=30.0), tmp_path / "calibrated.onnx"
    assert calibrate(model, colour_dataset, output, "--precision", "0.6") == 0
    printed = capsys.readouterr()
    onnx.checker.check_model(onnx.load(output), full_check=True)
    plain, calibrated = load_model(model), load_model(output)
    entry = calibrated.info.calibration["species"]
    assert (entry["method"], entry["temperature"] > 1.5) == ("temperature", True)
    expected = temperature_scaling(entry["temperature"], 3).apply(plain.predict(PIXELS)["species"])
    assert calibrated.predict(PIXELS)["species"] == pytest.approx(expected, abs=1e-5)
    assert entry["after"]["nll"] < entry["before"]["nll"]
    assert set(calibrated.info.thresholds["species"]) == {"empty", "fox", "wolf"}
    assert calibrated.session.get_modelmeta().custom_metadata_map["note"] == "kept"
    assert (entry["dataset"], entry["split"]) == (colour_dataset.fingerprint(), "val")
    assert printed.out.splitlines()[0].split()[-2:] == ["error", "after"]
    assert "after: of answers that were not fitted to, 4 folds of whole locations" in printed.err
    assert "max abs difference" in printed.err


def test_calibrate_model_warns_of_the_split_that_was_trained_on(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    model = build_model(provenance={"dataset": colour_dataset.fingerprint()})
    assert calibrate(model, colour_dataset, tmp_path / "c.onnx", "--split", "train") == 0
    assert "warning: the model was trained on split 'train'" in capsys.readouterr().err


def test_evaluate_model_tells_that_it_was_calibrated_on_the_split(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    assert calibrate(build_model(), colour_dataset, tmp_path / "c.onnx", "--split", "test") == 0
    _metrics(tmp_path / "c.onnx", colour_dataset, tmp_path / "e")
    assert "the model was calibrated on split 'test' of this" in capsys.readouterr().err


def test_calibrate_model_works_on_remote_files(build_model, colour_dataset, tmp_path) -> None:
    model = parse_path(f"memory://{tmp_path.name}/model.onnx")
    model.write_bytes(build_model().read_bytes())
    assert calibrate(model, colour_dataset, model.with_name("calibrated.onnx")) == 0
    assert calibrate(build_model(), colour_dataset, tmp_path / "calibrated.onnx") == 0
    assert (
        model.with_name("calibrated.onnx").read_bytes()
        == (tmp_path / "calibrated.onnx").read_bytes()
    )


def test_calibrate_model_has_no_threshold_without_evidence(
    build_model, colour_dataset, tmp_path
) -> None:
    assert (
        calibrate(build_model(), colour_dataset, tmp_path / "c.onnx") == 0
    )  # 16 events of a class prove nothing
    assert load_model(tmp_path / "c.onnx").info.thresholds == {
        "species": dict.fromkeys(("empty", "fox", "wolf"))
    }


def test_calibrate_model_refuses_a_promise_to_new_locations_with_the_numbers(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    assert calibrate(build_model(), colour_dataset, tmp_path / "c.onnx") == 0
    printed = capsys.readouterr()
    assert "16 answers, but from 4 locations, 5 are needed" in " ".join(printed.out.split())
    assert "promised for other locations of the same kind as these (new locations)" in printed.err
    assert "--promise-for same-locations promises for other events of these" in printed.err


def test_calibrate_model_keeps_what_thresholds_were_fitted_for(
    build_model, colour_dataset, tmp_path
) -> None:
    options = ["--promise-for", "same-locations", "--precision", "0.6", "--joint"]
    assert calibrate(build_model(), colour_dataset, tmp_path / "c.onnx", *options) == 0
    entries = load_model(tmp_path / "c.onnx").info.promises["thresholds"]
    first = entries[0]
    setups = [(one["made_for"]["unit"], one["made_for"]["aggregation"]) for one in entries]
    assert setups[:2] == [("event", "mean"), ("photo", "")]
    assert {name for unit, name in setups[2:]} >= {"max", "min", "product", "top_k_mean", "vote"}
    assert (first["label"], first["scope"]) == ("species", "same locations")
    assert (first["precision"], first["confidence"], first["joint"]) == (0.6, 0.95, True)
    assert first["photos_per_event"] == {"min": 1, "median": 2.0, "max": 3}
    assert (first["dataset"], first["split"]) == (colour_dataset.fingerprint(), "val")
    assert (first["events"], first["locations"], set(first["classes"])) == (
        48,
        4,
        {"empty", "fox", "wolf"},
    )


def test_calibrate_model_names_classes_that_the_model_never_learnt(
    build_model, dataset_of, colour_event, tmp_path, capsys
) -> None:
    dataset = dataset_of(
        {"val": [colour_event("val", i) for i in range(9)]},
        {"species": ("empty", "fox", "bongo")},
    )
    assert calibrate(build_model(), dataset, tmp_path / "c.onnx") == 0
    assert "'species': 3 events are of classes that the model never learnt" in (
        capsys.readouterr().err
    )
    entry = load_model(tmp_path / "c.onnx").info.promises["thresholds"][0]
    assert (entry["foreign"], entry["events"]) == ({"bongo": 3}, 9)


def test_calibrate_model_without_locations_has_no_promise_to_new_ones(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    options = ["--promise-for", "new-locations", "--location", "nowhere"]
    assert calibrate(build_model(), colour_dataset, tmp_path / "c.onnx", *options) == 1
    assert "or give --promise-for same-locations" in capsys.readouterr().err
    assert not (tmp_path / "c.onnx").exists()


def test_evaluate_shows_reliability_before_and_after_calibration(
    build_model, colour_dataset, tmp_path
) -> None:
    plain, output = build_model(sharpness=30.0), tmp_path / "c.onnx"
    assert calibrate(plain, colour_dataset, output) == 0
    before, after = (
        _metrics(model, colour_dataset, tmp_path / model.stem) for model in (plain, output)
    )
    for unit in ("event", "photo"):
        scores = after["labels"]["species"]["units"][unit]
        was = before["labels"]["species"]["units"][unit]["reliability"]
        assert scores["uncalibrated"]["ece"] == pytest.approx(was["ece"], abs=1e-4)
        assert scores["reliability"]["ece"] != pytest.approx(was["ece"], abs=1e-4)
        assert scores["automation"]["thresholds"]["share"] == 0
    assert after["calibration"]["species"]["method"] == "temperature"


def _metrics(model: Path, dataset, output: Path):
    assert run(["evaluate", str(model), str(dataset.folder), "--output", str(output)]) == 0
    return json.loads((output / "metrics.json").read_text())


def test_calibrate_model_rejects_calibrated_model(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    model = build_model(calibration={"species": {"method": "temperature", "temperature": 2.0}})
    assert calibrate(model, colour_dataset, tmp_path / "c.onnx") == 2
    assert "is already calibrated: give the file that `ctc export` wrote" in capsys.readouterr().err


def test_calibrate_model_rejects_split_with_one_class_and_writes_nothing(
    build_model, dataset_of, colour_event, tmp_path, capsys
) -> None:
    dataset = dataset_of(
        {"val": [colour_event("val", 3 * i) for i in range(4)]},
        {"species": ("empty", "fox", "wolf")},
    )
    assert calibrate(build_model(), dataset, tmp_path / "c.onnx") == 1
    assert "the split has only one class, 'empty': give a --split" in capsys.readouterr().err
    assert not (tmp_path / "c.onnx").exists()


def test_calibrate_command_rejects_existing_output(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    model = build_model()
    assert calibrate(model, colour_dataset, model, "--overwrite") == 2
    (tmp_path / "c.onnx").write_text("mine")
    assert calibrate(model, colour_dataset, tmp_path / "c.onnx") == 2
    assert (tmp_path / "c.onnx").read_text() == "mine"
    assert "is the model itself: give --output the name of a new file" in capsys.readouterr().err


def test_evaluate_accepts_as_many_as_calibrate(build_model, colour_dataset, tmp_path) -> None:
    options = ["--promise-for", "same-locations", "--precision", "0.3"]
    model = build_model(sharpness=8.0)
    assert calibrate(model, colour_dataset, tmp_path / "c.onnx", *options) == 0
    events, photos = load_model(tmp_path / "c.onnx").info.promises["thresholds"][:2]
    output = tmp_path / "e"
    arguments = ["evaluate", str(tmp_path / "c.onnx"), str(colour_dataset.folder)]
    assert run([*arguments, "--split", "val", "--output", str(output)]) == 0
    metrics = json.loads((output / "metrics.json").read_text())
    units = metrics["labels"]["species"]["units"]
    accepted = sum(one["accepted"] for one in photos["classes"].values())
    assert accepted > 0
    assert round(units["photo"]["automation"]["thresholds"]["share"] * units["photo"]["n"]) == (
        accepted
    )
    assert events["photos_per_event"]["median"] == 2


def test_evaluate_leaves_out_thresholds_of_another_setup(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    assert calibrate(build_model(), colour_dataset, tmp_path / "c.onnx", "--flips") == 0
    after = _metrics(tmp_path / "c.onnx", colour_dataset, tmp_path / "e")
    assert (
        "the model's thresholds are left out: they were fitted for --aggregation mean --flips"
        in (capsys.readouterr().err)
    )
    scores = after["labels"]["species"]["units"]["event"]
    assert scores["automation"]["thresholds"] is None
