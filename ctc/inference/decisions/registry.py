"""All decisions, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Mapping

from ctc.inference.decisions.blanks import BLANKS, DroppedBlanks
from ctc.inference.decisions.decision import DecisionFactory
from ctc.inference.decisions.fusion import FUSION, Fusion
from ctc.inference.decisions.geofence.decision import GEOFENCE, Geofence
from ctc.inference.decisions.priors.decision import PRIORS, Priors
from ctc.inference.decisions.ranks import ROLL_UP, RollUpDecision
from ctc.inference.decisions.sets import SETS, PredictionSets

FACTORIES: Mapping[str, DecisionFactory] = {
    FUSION: Fusion.from_settings,
    PRIORS: Priors.from_settings,
    BLANKS: DroppedBlanks.from_settings,
    GEOFENCE: Geofence.from_settings,
    ROLL_UP: RollUpDecision,
    SETS: PredictionSets.from_settings,
}
"""By their name in the settings: fusion, blanks, priors, geofence, ranks, sets. Blanks come before
all that changes the probabilities that their promise was fitted for."""
