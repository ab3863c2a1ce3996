"""What `ctc calibrate` does: let the model answer, fit, write the calibrated model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.cli.console.console import info, warn
from ctc.cli.options.scoring import aggregator_factory, open_model, score
from ctc.evaluation.answers.score_split import PredictFn
from ctc.evaluation.calibration.calibrate import CalibrateConfig, CalibrationResult, fit_labels
from ctc.evaluation.calibration.onnx_model import check_uncalibrated, write_calibrated_model
from ctc.runtime.session import Model


def calibrate_model(
    model_file: Path, folder: Path, output: Path, options: dict[str, Any]
) -> CalibrationResult:
    """Raises CtcError, writing nothing, when the model can't be calibrated on that split."""

    def opened(path: Path) -> Model:
        return open_model(path, options["provider"], options["threads"])

    model = opened(model_file)
    check_uncalibrated(model_file, model.info)
    answering = _RecordingPredictor(model.predict)
    found = score(
        model, Dataset.open(folder, [options["split"]]), options["split"], options, answering
    )
    config = CalibrateConfig(options["method"], options["precision"], options["confidence"])
    fitted = fit_labels(
        found.data, aggregator_factory(options["aggregation"])(model.info.multi_label), config
    )
    for note in (*found.notes, *fitted.notes):
        warn(note)
    pictures = answering.batches[0]
    difference = write_calibrated_model(
        model_file, model.info, fitted, output, lambda path: opened(path).predict, pictures
    )
    info(
        f"'{output}': answers at most {difference:.1g} from what was fitted, on {len(pictures)} photos"
    )
    return fitted


@dataclass
class _RecordingPredictor:
    """Keeps the first batch of pictures (or more, where threads race for it) to compare the models
    on."""

    predict: PredictFn
    batches: list[NDArray[np.uint8]] = field(default_factory=list)

    def __call__(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        if not self.batches:
            self.batches.append(images)
        return self.predict(images)
