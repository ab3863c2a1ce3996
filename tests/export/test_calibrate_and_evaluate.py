"""Calibration and evaluation of exported models of every precision."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.cli.main import run as ctc
from ctc.evaluation.calibration.calibration import Calibration
from ctc.export.config import ExportConfig, ExportPrecision
from ctc.export.export import export_model
from ctc.runtime.session import load_model

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]


@pytest.fixture
def exported(run, trained_network, tmp_path):
    """Return a function that exports the run: precision → the file."""

    def export(precision: ExportPrecision) -> Path:
        info = run.read()
        dataset = Dataset.read(Path(info.dataset["path"]))
        return export_model(
            trained_network, info, dataset, tmp_path / f"{precision}.onnx", ExportConfig(precision)
        ).output

    return export


@pytest.mark.parametrize(("precision", "tolerance"), [("int8", 1e-4), ("float16", 2e-3)])
def test_calibrate_adds_calibration_to_a_lower_precision(
    exported, run, tmp_path, precision, tolerance
) -> None:
    model, output = exported(precision), tmp_path / "calibrated.onnx"
    dataset = run.read().dataset["path"]
    assert (
        ctc(["calibrate", str(model), dataset, "--method", "temperature", "--output", str(output)])
        == 0
    )
    plain, calibrated = load_model(model), load_model(output)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 50, 50, 3), np.uint8)
    answers, wanted = calibrated.predict(pictures), plain.predict(pictures)
    for label, values in calibrated.info.calibration.items():
        calibration = Calibration.from_json(values, len(calibrated.info.labels[label]))
        assert answers[label] == pytest.approx(calibration.apply(wanted[label]), abs=tolerance)
    assert set(calibrated.info.calibration) == {"species", "count"}
    assert calibrated.info.provenance["precision"] == precision


def test_evaluate_with_run_explains_by_gradcam_and_shows_training(
    exported, run, tmp_path, capsys
) -> None:
    run.history.write_text("epoch,loss,val_loss\n1,2,1.5\n2,1,1\n")
    dataset, output = run.read().dataset["path"], tmp_path / "evaluation"
    arguments = [
        "evaluate",
        str(exported("float32")),
        dataset,
        "--run",
        str(run.folder),
        "--explain",
        "2",
    ]
    assert ctc([*arguments, "--output", str(output), "--licence", "CC0", "--thumbnails", "1"]) == 0
    assert "saliency maps (Grad-CAM)" in capsys.readouterr().err
    page = (output / "report.html").read_text(encoding="utf-8")
    for part in ("Method: Grad-CAM", 'id="training"', "CC0"):
        assert part in page
    assert len(list((output / "explain").glob("*.png"))) == 4
    assert json.loads((output / "metrics.json").read_text())["photos"] > 0


def test_evaluate_refuses_another_run_before_it_starts(
    exported, run, run_info, tmp_path, capsys
) -> None:
    model, info = exported("float32"), run.read()
    run.history.write_text("epoch,loss\n1,2\n")
    run.write(
        run_info(Dataset.read(Path(info.dataset["path"])), preprocessing=info.preprocessing, seed=4)
    )
    arguments = ["evaluate", str(model), info.dataset["path"], "--run", str(run.folder)]
    assert ctc([*arguments, "--output", str(tmp_path / "e")]) == 2
    assert f"the model was not exported from '{run.folder}'" in capsys.readouterr().err
    assert not (tmp_path / "e").exists()
