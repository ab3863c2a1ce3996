"""Calibrate a model file: predict a split, fit, write the calibrated model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import TRAIN, Dataset
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.model_taxonomy import read_model_taxonomy
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.answers.score_split import PredictFn
from ctc.evaluation.calibration.calibrate import CalibrationResult, fit_labels
from ctc.evaluation.calibration.calibration import apply_calibration
from ctc.evaluation.calibration.onnx_model import check_uncalibrated, write_calibrated_model
from ctc.evaluation.calibration.promise_fits import fit_promises
from ctc.evaluation.calibration.promise_text import promise_lines
from ctc.evaluation.calibration.ranks import describe_ranks
from ctc.evaluation.calibration.strangers import fit_model_strangers
from ctc.evaluation.calibration.threshold_promises import fit_thresholds
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.score_model import open_model, score_model
from ctc.evaluation.training_overlap import THIS_SPLIT, training_overlap
from ctc.features.probe.fit_strangers import Strangers
from ctc.inference.decisions.ranks import ROLL_UP
from ctc.reporting import NullReporter, Reporter, counted
from ctc.runtime.session import Model

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
    dataset = open_dataset(dataset_folder, _splits(model.info, dataset_folder, config))
    if training_overlap(model.info, dataset, config.split) == THIS_SPLIT:
        reporter.warn(
            f"the model was trained on split '{config.split}' of this dataset, where it is more"
            " confident and more often right than on new photos: calibrate on another split"
        )
    scored = score_model(model, dataset, config.split, config.scoring, reporter, predictor)
    scoring = config.scoring
    aggregators = aggregator_factory(scoring.aggregation, scoring.aggregation_options)
    aggregator = aggregators(model.info.multi_label)
    fitted = fit_labels(scored.data, config)
    calibrated = apply_calibration(scored.data, fitted.calibrations, aggregator)
    fitted_on = {"dataset": dataset.fingerprint(), "split": config.split}
    thresholds = fit_thresholds(calibrated, tuple(fitted.labels), config, fitted_on)
    described = replace(
        _with_taxonomy(model.info, calibrated, config, reporter),
        promises={"thresholds": [one.to_json() for one in thresholds.promises]},
    )
    promises = {
        **described.promises,
        **fit_promises(calibrated, described, config, fitted_on),
    }
    fitted = replace(fitted, thresholds=thresholds.promises, promises=promises)
    for note in (*scored.notes, *fitted.notes, *thresholds.notes):
        reporter.warn(note)
    for line in describe_ranks(promises.get(ROLL_UP, ())):
        reporter.info(line)
    for line in promise_lines(promises):
        reporter.info(line)
    strangers = _fit_strangers(model, dataset, config, reporter)
    images = predictor.batches[0]
    difference = write_calibrated_model(
        model_file,
        described,
        fitted,
        output,
        lambda path: open_model(path, config.scoring).predict,
        images,
        {**fitted_on, **({"flips": "yes"} if scoring.flips else {})},
        (strangers, strangers.to_metadata(dataset)) if strangers else None,
    )
    reporter.info(
        f"'{output}': parity on {counted(len(images), 'photo')}: "
        f"max abs difference {difference:.1g}"
    )
    return fitted


def _with_taxonomy(
    info: ModelInfo, data: EvaluationData, config: CalibrateConfig, reporter: Reporter
) -> ModelInfo:
    """Return the metadata with the taxonomy of `config`, if it names one; raises CtcError."""
    if config.taxonomy is None:
        return info
    found = read_model_taxonomy(config.taxonomy, info.labels, data.foreign)
    for note in found.notes:
        reporter.warn(note)
    return replace(info, taxonomy=found.labels)


def _splits(info: ModelInfo, folder: Path, config: CalibrateConfig) -> list[str]:
    """Return the splits that are read: also 'train' where strangers are to be fitted."""
    fits = config.false_alarms is not None and info.feature_size is not None
    has_train = TRAIN in Dataset.read(folder).manifest.splits
    return [config.split, *([TRAIN] if fits and not info.strangers and has_train else [])]


def _fit_strangers(
    model: Model, dataset: Dataset, config: CalibrateConfig, reporter: Reporter
) -> Strangers | None:
    """Return what is to be fitted to a model with features that has no strangers yet."""
    rate = config.false_alarms
    if rate is None or model.info.feature_size is None:
        return None
    if model.info.strangers:
        reporter.info("the model's strangers stay as they were fitted")
        return None
    scoring = config.scoring
    found = fit_model_strangers(
        model, dataset, config.split, rate, scoring.truth_labels, scoring.location, reporter
    )
    if isinstance(found, str):
        reporter.warn(found)
        return None
    reporter.info(found.describe())
    return found


@dataclass
class _RecordingPredictor:
    """A PredictFn that keeps its first batch, or a few where threads race for it."""

    predict: PredictFn
    batches: list[NDArray[np.uint8]] = field(default_factory=list)

    def __call__(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        if not self.batches:
            self.batches.append(images)
        return self.predict(images)
