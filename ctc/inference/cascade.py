"""A cascade: the classifier sees whole photos first, the detector only those that may hold animals.

A photo whose summed probability of blank classes exceeds a limit is blank, and the detector isn't
asked. The limit is fixed before any data are seen, as 1 − the promised loss, and `ctc calibrate
--cascade` fits all that is promised to what the cascade as a whole answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.label_schema import LabelClasses
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.predictions import Probabilities
from ctc.errors import UsageError
from ctc.images import to_model_input
from ctc.inference.animal_crops import TwoNetworks, ask_in_batches
from ctc.inference.box_classification import (
    BoxClassificationModel,
    BoxClassificationTask,
    PhotoAnswer,
)
from ctc.inference.decisions.blanks import BLANKS, blank_classes, blank_limit
from ctc.inference.decisions.promised import read_entries
from ctc.inference.task import Outputs, PhotoInfo
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options
from ctc.runtime.device_images import DeviceImages

IMAGES = "images"
"""What `CascadeModel.run` returns: its inputs, which the detector gets later."""
SKIP_ABOVE = "skip_above"
"""Key of an entry of blanks: the limit of a cascade."""


class Cascade(NamedTuple):
    """Photos are blank whose blank classes of `label` have a probability above `skip_above`."""

    label: str
    skip_above: float

    @classmethod
    def of_loss(cls, info: ModelInfo, loss: float) -> Cascade:
        """Return the cascade for a loss that is to be promised.

        Raises UsageError for a model that can't tell that a whole photo is blank.
        """
        if info.preprocessing.crop_margin is None:
            for label, classes in info.labels.items():
                if label not in info.multi_label and blank_classes(classes).any():
                    return cls(label, 1 - loss)
        raise UsageError(
            "--cascade needs a model that learnt from whole photos and has a class for blank ones: "
            "leave it out"
        )

    @classmethod
    def promised(cls, info: ModelInfo, setup: PredictionSetup) -> Cascade:
        """Return the cascade that the model's promise was fitted for; UsageError without one."""
        for label, made_for, entry in read_entries(info.promises, BLANKS):
            if made_for == setup and SKIP_ABOVE in entry:
                blank_limit(entry, "--cascade")
                return cls(label, float(entry[SKIP_ABOVE]))
        raise UsageError(
            "--cascade needs a model that `ctc calibrate --detector --blank-loss --cascade` fitted "
            "for this detector and way to predict: calibrate it, or leave the option out"
        )

    def skips(self, whole: Probabilities, classes: LabelClasses) -> bool:
        """Return whether a photo with these probabilities as a whole is blank."""
        blank = blank_classes(classes[self.label])
        return float(whole[self.label][blank].astype(np.float64).sum()) > self.skip_above


@dataclass(frozen=True)
class CascadeModel(BoxClassificationModel):
    """A `PhotoModel`; `cascade`: which photos the detector doesn't get."""

    cascade: Cascade | None = None

    def run(self, images: NDArray[np.uint8] | DeviceImages) -> Outputs:
        """Return the images: which of them the detector gets is known later."""
        return {IMAGES: np.asarray(images)}

    def answers(
        self, outputs: Outputs, inputs: Sequence[Sequence[PhotoInfo]]
    ) -> list[PhotoAnswer | None]:
        """See `BoxClassificationModel`; the detector searches the photos that aren't skipped."""
        assert self.cascade is not None
        whole = self._whole(inputs)
        classes = self.schema.labels
        searched = [
            row for row, said in whole.items() if said and not self.cascade.skips(said, classes)
        ]
        found: list[PhotoAnswer | None] = [
            PhotoAnswer((), said) if (said := whole.get(row)) else None
            for row in range(len(inputs))
        ]
        images = outputs[IMAGES]
        boxes = self._search([images[row] for row in searched])
        if boxes:
            answers = super().answers(boxes, [inputs[row] for row in searched])
            for row, answer in zip(searched, answers, strict=True):
                found[row] = answer and answer._replace(whole=whole[row])
        return found

    def _whole(self, inputs: Sequence[Sequence[PhotoInfo]]) -> dict[int, Probabilities | None]:
        """Return the classifier's answer for each whole photo, by input, None if not finite."""
        how = self.network.classifier.info.preprocessing
        shown = {
            row: to_model_input(photos[0].pixels, how)
            for row, photos in enumerate(inputs)
            if photos and photos[0].pixels is not None
        }
        return dict(zip(shown, self._classify(iter(shown.values())), strict=True))

    def _search(self, images: Sequence[NDArray[np.uint8]]) -> Outputs:
        """Return the detector's outputs for images, empty for none."""
        parts: list[Outputs] = list(
            ask_in_batches(self.detection.run, iter(images), self.network.is_on_device)
        )
        return {
            name: np.concatenate([part[name] for part in parts]) for name in next(iter(parts), {})
        }


@dataclass(frozen=True)
class CascadeTask(BoxClassificationTask):
    """A `PhotoTask`."""

    cascade: Cascade | None = None

    def bind(self, network: TwoNetworks) -> CascadeModel:
        """See `PhotoTask`."""
        aggregation = plugins().get(Aggregation, self.aggregation)
        bound = bind_options(aggregation, self.aggregation_options)
        return CascadeModel(
            network,
            self.detection.bind(network.detector),
            self.postprocessor,
            bound,
            self.flips,
            cascade=self.cascade,
        )
