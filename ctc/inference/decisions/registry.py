"""All decisions, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Mapping

from ctc.inference.decisions.decision import DecisionFactory

FACTORIES: Mapping[str, DecisionFactory] = {}
"""By their name in the settings. Priors come first, then places, ranks, sets, blanks."""
