"""Find what a model file promises for the way in which a run predicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ctc.artifacts.model.promises import PredictionSetup
from ctc.errors import InputError, UsageError

if TYPE_CHECKING:
    from ctc.inference.decisions.choice import AnswerFacts

Entry = Mapping[str, Any]


def promised(answers: AnswerFacts, kind: str, option: str, fitting: str = "") -> dict[str, Entry]:
    """Return the entry of each label of the answers that has a fitting one.

    `option`: that of the command which needs it. `fitting`: the option that `ctc calibrate` fits
    the kind with. Raises UsageError if no label has one, and
    InputError for damaged entries.
    """
    entries = read_entries(answers.info.promises, kind)
    if not entries:
        raise UsageError(
            f"{option} needs a model with {kind} that `ctc calibrate{fitting}` fitted: calibrate "
            "it, or leave the option out"
        )
    found = {
        label: entry
        for label, setup, entry in entries
        if setup == answers.setup and label in answers.schema.labels
    }
    if not found:
        nearest = min((answers.setup.differences(setup) for _, setup, _ in entries), key=len)
        how = ", ".join(nearest) or "other labels"
        raise UsageError(
            f"{option}: the model's {kind} were fitted for another way to predict (here: {how}): "
            "predict as they were fitted, or calibrate for this way"
        )
    return found


def read_entries(
    promises: Mapping[str, Any], kind: str
) -> list[tuple[str, PredictionSetup, Entry]]:
    """Return (label, setup, entry) of each promise of a kind; InputError where they are damaged."""
    entries = promises.get(kind, [])
    try:
        return [
            (str(entry["label"]), PredictionSetup.from_json(entry["made_for"]), entry)
            for entry in entries
        ]
    except (KeyError, TypeError) as error:
        raise InputError(
            f"the model's {kind} are damaged ({error!r}): calibrate its original again"
        ) from None
