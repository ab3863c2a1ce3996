"""Calibrate a model file: predict a split, fit, write the calibrated model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset_cache import open_dataset
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.score_split import PredictFn
from ctc.evaluation.calibration.calibrate import CalibrationResult, fit_labels
from ctc.evaluation.calibration.onnx_model import check_uncalibrated, write_calibrated_model
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.score_model import open_model, score_model
from ctc.evaluation.training_overlap import THIS_SPLIT, training_overlap
from ctc.reporting import NullReporter, Reporter, counted

NULL_REPORTER = NullReporter()


def calibrate_model(
    model_file: Path,
    dataset_folder: Path,
    output: Path,
    config: CalibrateConfig,
    reporter: Reporter = NULL_REPORTER,
) -> CalibrationResult:
    """Fit a calibration and thresholds on a split, and write the calibrated model to `output`.

    Raises CtcError, writing nothing, if the model can't be calibrated on that split.
    """
    model = open_model(model_file, config.scoring)
    check_uncalibrated(model_file, model.info)
    predictor = _RecordingPredictor(model.predict)
    dataset = open_dataset(dataset_folder, [config.split])
    if training_overlap(model.info, dataset, config.split) == THIS_SPLIT:
        reporter.warn(
            f"the model was trained on split '{config.split}' of this dataset, where it is more"
            " confident and more often right than on new photos: calibrate on another split"
        )
    scored = score_model(model, dataset, config.split, config.scoring, reporter, predictor)
    scoring = config.scoring
    aggregators = aggregator_factory(scoring.aggregation, scoring.aggregation_options)
    aggregator = aggregators(model.info.multi_label)
    fitted = fit_labels(scored.data, aggregator, config)
    for note in (*scored.notes, *fitted.notes):
        reporter.warn(note)
    images = predictor.batches[0]
    difference = write_calibrated_model(
        model_file,
        model.info,
        fitted,
        output,
        lambda path: open_model(path, config.scoring).predict,
        images,
        {"dataset": dataset.fingerprint(), "split": config.split},
    )
    reporter.info(
        f"'{output}': parity on {counted(len(images), 'photo')}: "
        f"max abs difference {difference:.1g}"
    )
    return fitted


@dataclass
class _RecordingPredictor:
    """A PredictFn that keeps its first batch, or a few where threads race for it."""

    predict: PredictFn
    batches: list[NDArray[np.uint8]] = field(default_factory=list)

    def __call__(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        if not self.batches:
            self.batches.append(images)
        return self.predict(images)
