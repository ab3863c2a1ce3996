"""The answers that a calibration and its promises are fitted to: of whole photos, and of boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.file import ModelInfo
from ctc.evaluation.answers.score_boxes import EvaluatedModel
from ctc.evaluation.answers.score_split import PredictFn, ScoredSplit
from ctc.evaluation.answers.split_images import read_split_images
from ctc.evaluation.calibration.with_detector import cut_out_answers
from ctc.evaluation.config import BATCH_SIZE, CalibrateConfig
from ctc.evaluation.score_model import open_with_detector, score_model, score_with_detector
from ctc.inference.cascade import Cascade
from ctc.reporting import Reporter
from ctc.runtime.session import Model


@dataclass
class RecordingPredictor:
    """A PredictFn that keeps its first batch, or a few where threads race for it."""

    predict: PredictFn
    batches: list[NDArray[np.uint8]] = field(default_factory=list)

    def __call__(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        if not self.batches:
            self.batches.append(images)
        return self.predict(images)


@dataclass(frozen=True)
class CalibrationAnswers:
    """The answers for a split: `own`, which the calibration is fitted to, and `boxes`, those of
    `both` networks where there is a detector, else None.

    `of_crops`: whether `own` are those for what the detector cut out.
    """

    own: ScoredSplit
    boxes: ScoredSplit | None = None
    both: EvaluatedModel | None = None
    of_crops: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about both."""
        told = (*self.own.notes, *(self.boxes.notes if self.boxes else ()))
        return tuple(dict.fromkeys(told))


def score_for_calibration(
    model: Model,
    dataset: Dataset,
    config: CalibrateConfig,
    predictor: RecordingPredictor,
    reporter: Reporter,
) -> CalibrationAnswers:
    """Predict the split, with a detector too if there is one; raises CtcError."""
    if config.detector is None:
        return CalibrationAnswers(
            score_model(model, dataset, config.split, config.scoring, reporter, predictor)
        )
    if config.detector.cascade and config.blank_loss is not None:
        Cascade.of_loss(model.info, config.blank_loss)
    both = open_with_detector(model, dataset, config.detector, config.scoring)
    both = replace(both, asks_whole=True)
    boxes = score_with_detector(both, dataset, config.split, config.scoring, reporter)
    if model.info.preprocessing.crop_margin is None:
        own = score_model(model, dataset, config.split, config.scoring, reporter, predictor)
        return CalibrationAnswers(own, boxes, both)
    predictor.batches.append(_first_inputs(dataset, config, model.info))
    own = replace(boxes, data=cut_out_answers(boxes.data, boxes.predictions, model.info.labels))
    return CalibrationAnswers(own, boxes, both, of_crops=True)


def _first_inputs(dataset: Dataset, config: CalibrateConfig, info: ModelInfo) -> NDArray[np.uint8]:
    """Return a batch of the photos of the split as model inputs."""
    threads = config.scoring.runtime.threads
    images = read_split_images(dataset, config.split, info.preprocessing, threads, lambda _: None)
    return np.stack([one.pixels for one in islice(images, BATCH_SIZE)])
