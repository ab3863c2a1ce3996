"""Which decisions a run of `ctc predict` makes, and their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.promises import PredictionSetup
from ctc.inference.config import PredictConfig
from ctc.inference.decisions.blanks import BLANKS, choose_blanks
from ctc.inference.decisions.fusion import FUSION, own_fusion
from ctc.inference.decisions.geofence.choice import choose_geofence
from ctc.inference.decisions.geofence.decision import GEOFENCE
from ctc.inference.decisions.priors.choice import choose_priors
from ctc.inference.decisions.priors.decision import PRIORS
from ctc.inference.decisions.ranks import ROLL_UP, choose_roll_up
from ctc.inference.decisions.sets import SETS, choose_sets


@dataclass(frozen=True)
class AnswerFacts:
    """What is known of a run's answers before the first: the model, the labels of the answers, and
    how events are predicted."""

    info: ModelInfo
    schema: LabelSchema
    setup: PredictionSetup


Chooser = Callable[[PredictConfig, AnswerFacts], Any]
"""Returns the settings of a decision, None if it is not asked for; raises CtcError if it can't be
made."""


def choose_fusion(config: PredictConfig, answers: AnswerFacts) -> Any:
    """Return the fusion that the model has for the detector."""
    detector = answers.setup.detector
    return (own_fusion(answers.info.promises, detector) or None) if config.detector else None


CHOOSERS: Mapping[str, Chooser] = {
    FUSION: choose_fusion,
    BLANKS: choose_blanks,
    PRIORS: choose_priors,
    GEOFENCE: choose_geofence,
    ROLL_UP: choose_roll_up,
    SETS: choose_sets,
}
"""By the names of the decisions in `registry.py`."""


def choose_decisions(
    config: PredictConfig, answers: AnswerFacts, choosers: Mapping[str, Chooser] = CHOOSERS
) -> dict[str, Any]:
    """Return the settings of all decisions that are asked for; raises CtcError."""
    found = {name: choose(config, answers) for name, choose in choosers.items()}
    return {name: settings for name, settings in found.items() if settings is not None}
