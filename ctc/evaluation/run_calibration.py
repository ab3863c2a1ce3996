"""Calibrate a model file: predict a split, fit, write the calibrated model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctc.artifacts.dataset import TRAIN, Dataset
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.taxonomy import read_model_taxonomy
from ctc.artifacts.model.threshold_promise import ThresholdPromise
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.calibration.calibrate import CalibrationResult, fit_labels
from ctc.evaluation.calibration.calibration import apply_calibration
from ctc.evaluation.calibration.onnx_model import check_uncalibrated, write_calibrated_model
from ctc.evaluation.calibration.promises.detector_promises import fit_detector_promises, joined
from ctc.evaluation.calibration.promises.promise_fits import fit_promises
from ctc.evaluation.calibration.promises.promise_text import promise_lines
from ctc.evaluation.calibration.promises.threshold_promises import ThresholdFits, fit_thresholds
from ctc.evaluation.calibration.ranks import describe_ranks
from ctc.evaluation.calibration.strangers import fit_model_strangers
from ctc.evaluation.calibration_answers import (
    CalibrationAnswers,
    RecordingPredictor,
    score_for_calibration,
)
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.pooling.calibrated import pool_where_it_pays, with_features
from ctc.evaluation.pooling.descriptors import Scorer
from ctc.evaluation.pooling.scoring import resolve_calibration
from ctc.evaluation.score_model import open_model
from ctc.evaluation.training_overlap import THIS_SPLIT, training_overlap
from ctc.features.probe.fitting.fit_strangers import Strangers
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
    config, pools = resolve_calibration(config, model.info)
    predictor = RecordingPredictor(with_features(model) if pools else model.predict)
    dataset = open_dataset(dataset_folder, _splits(model.info, dataset_folder, config))
    if training_overlap(model.info, dataset, config.split) == THIS_SPLIT:
        reporter.warn(
            f"the model was trained on split '{config.split}' of this dataset, where it is more"
            " confident and more often right than on new photos: calibrate on another split"
        )
    scoring = config.scoring
    answers = score_for_calibration(model, dataset, config, predictor, reporter)
    fitted = fit_labels(answers.own.data, config)
    fitted_on = {"dataset": dataset.fingerprint(), "split": config.split}
    fitted, described, attention = _with_promises(
        answers, fitted, model.info, config, fitted_on, reporter
    )
    for note in (*answers.notes, *fitted.notes):
        reporter.warn(note)
    for line in (
        *describe_ranks(fitted.promises.get(ROLL_UP, ())),
        *promise_lines(fitted.promises),
    ):
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
        attention,
    )
    reporter.info(
        f"'{output}': parity on {counted(len(images), 'photo')}: "
        f"max abs difference {difference:.1g}"
    )
    return fitted


def _with_promises(
    answers: CalibrationAnswers,
    fitted: CalibrationResult,
    info: ModelInfo,
    config: CalibrateConfig,
    fitted_on: Mapping[str, str],
    reporter: Reporter,
) -> tuple[CalibrationResult, ModelInfo, Scorer | None]:
    """Return the result with all promises, the metadata that they belong to, and the attention of
    photos, where events are pooled by it."""
    scoring, labels = config.scoring, tuple(fitted.labels)
    aggregators = aggregator_factory(scoring.aggregation, scoring.aggregation_options)
    calibrated = apply_calibration(
        answers.own.data, fitted.calibrations, aggregators(info.multi_label)
    )
    described = _with_taxonomy(info, calibrated, config, reporter)
    promises: dict[str, Any] = {}
    thresholds, pooled = ThresholdFits(()), None
    if not answers.of_crops:
        whole = replace(config, detector=None)
        pooled = pool_where_it_pays(calibrated, answers.own.features, info, reporter)
        if pooled:
            calibrated, whole = pooled.data, pooled.options(whole)
        thresholds = fit_thresholds(calibrated, labels, whole, fitted_on)
        described = _with_thresholds(described, thresholds.promises)
        promises = fit_promises(calibrated, described, whole, fitted_on)
    for one in _with_detector(config):
        assert answers.boxes is not None
        assert answers.both is not None
        found = fit_detector_promises(
            answers.boxes, answers.both, described, fitted.calibrations, one, fitted_on
        )
        thresholds = ThresholdFits(
            (*thresholds.promises, *found.thresholds), (*thresholds.notes, *found.notes)
        )
        promises = joined(promises, found.promises)
        described = _with_thresholds(described, thresholds.promises)
    result = replace(
        fitted,
        notes=(*fitted.notes, *thresholds.notes),
        thresholds=thresholds.promises,
        promises={
            **described.promises,
            **promises,
            **(pooled.promises(fitted_on) if pooled else {}),
        },
    )
    return result, described, pooled.scorer if pooled else None


def _with_detector(config: CalibrateConfig) -> Iterator[CalibrateConfig]:
    """Yield how the detector is used: for every photo, then as the second of a cascade."""
    if config.detector is not None:
        yield replace(config, detector=replace(config.detector, cascade=False))
        if config.detector.cascade:
            yield config


def _with_thresholds(info: ModelInfo, thresholds: Sequence[ThresholdPromise]) -> ModelInfo:
    return replace(info, promises={"thresholds": [one.to_json() for one in thresholds]})


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
