"""Predictions of a model file for a dataset's split, with progress and warnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.file import ATTENTION_OUTPUT
from ctc.detection.opening import load_detector
from ctc.errors import UsageError
from ctc.evaluation.answers.score_boxes import EvaluatedModel, score_boxes
from ctc.evaluation.answers.score_split import PredictFn, ScoredSplit, score_split
from ctc.evaluation.calibration.promises.promise_fit import event_setup
from ctc.evaluation.config import DetectorConfig, ScoringConfig
from ctc.inference.animal_crops import TwoNetworks
from ctc.inference.box_classification import TRAINED_ON_WHOLE_PHOTOS, box_postprocessor
from ctc.inference.config import detector_setup
from ctc.inference.decisions.fusion import Fusion, needs_whole, own_fusion
from ctc.inference.detection import DetectionModel
from ctc.inference.own_thresholds import own_thresholds
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options
from ctc.reporting import Reporter, counted
from ctc.runtime.flips import mean_with_mirrored
from ctc.runtime.session import Model, load_model

MAX_FAILURES_SHOWN = 5

Advance = Callable[[int], None]
"""Gets the number of inputs that are done."""


def open_model(path: Path, config: ScoringConfig) -> Model:
    """Open a model file to run as `config.runtime` says."""
    return load_model(path, config.runtime)


def score_model(
    model: Model,
    dataset: Dataset,
    split: str,
    config: ScoringConfig,
    reporter: Reporter,
    predict: PredictFn | None = None,
) -> ScoredSplit:
    """Predict the whole split, and warn about photos and records that can't be used.

    `predict` replaces the model's own method. Raises CtcError as `score_split` does.
    """
    run = predict or _ask(model, config)
    if config.flips:
        run = partial(mean_with_mirrored, run)

    def score(advance: Advance) -> ScoredSplit:
        return score_split(run, model.info, dataset, split, config, advance)

    scored = _with_progress(score, dataset, split, reporter)
    notes = own_thresholds(model.info, event_setup(config)).notes
    return replace(scored, notes=(*scored.notes, *notes))


def _ask(model: Model, config: ScoringConfig) -> PredictFn:
    """Return what predicts a batch, with the attention of its photos where events need it."""
    if not plugins().get(Aggregation, config.aggregation).needs_attention:
        return model.predict
    return partial(model.run, outputs=(*model.info.labels, ATTENTION_OUTPUT))


def open_with_detector(
    model: Model, dataset: Dataset, detector: DetectorConfig, config: ScoringConfig
) -> EvaluatedModel:
    """Open the detector that finds the animals for `model` in the photos of the dataset.

    Raises UsageError for a dataset of crops, and as `box_postprocessor` and `open_detector`.
    """
    if dataset.manifest.shrink.get("crop_margin") is not None:
        raise UsageError(
            f"'{dataset.display_path}' holds animals that are cut out already (`ctc dataset "
            "--crop-box`): leave out --detector, or evaluate on a dataset of whole photos"
        )
    aggregation = plugins().get(Aggregation, config.aggregation)
    postprocessor = box_postprocessor(model, setup=event_setup(config, detector))
    opened = load_detector(detector.path, config.runtime)
    setup = detector_setup(detector.path, detector.boxes, detector.tiles)
    fusion = own_fusion(model.info.promises, setup)
    return EvaluatedModel(
        TwoNetworks(opened, model),
        DetectionModel(opened, detector.boxes, detector.tiles),
        postprocessor,
        bind_options(aggregation, config.aggregation_options),
        config.flips,
        needs_whole(fusion),
        Fusion.from_settings(fusion) if fusion else None,
    )


def score_with_detector(
    model: EvaluatedModel, dataset: Dataset, split: str, config: ScoringConfig, reporter: Reporter
) -> ScoredSplit:
    """Predict the animals that the detector finds in the whole split; see `score_model`."""

    def score(advance: Advance) -> ScoredSplit:
        return score_boxes(model, dataset, split, config, advance)

    scored = _with_progress(score, dataset, split, reporter)
    whole = model.network.classifier.info.preprocessing.crop_margin is None
    notes = (*((TRAINED_ON_WHOLE_PHOTOS,) if whole else ()), *model.postprocessor.notes)
    return replace(scored, notes=(*scored.notes, *notes))


def _with_progress(
    score: Callable[[Advance], ScoredSplit], dataset: Dataset, split: str, reporter: Reporter
) -> ScoredSplit:
    images = sum(shard.images for shard in dataset.shards(split))
    with reporter.progress(split, images) as bar:
        scored = score(bar.advance)
    if scored.failures:
        failed = counted(len(scored.failures), "photo or record", "photos or records")
        reporter.warn(f"{failed} could not be used:")
        for failure in scored.failures[:MAX_FAILURES_SHOWN]:
            reporter.info(f"  {failure}")
    return scored
