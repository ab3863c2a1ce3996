"""The thresholds of a model file that were fitted for the way in which a run predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ctc.artifacts.label_schema import LabelThresholds
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.model.threshold_promise import ThresholdPromise
from ctc.errors import InputError

THRESHOLDS = "thresholds"
"""The kind of the promises."""
_WITHOUT_DETECTOR = (
    "the model's thresholds were fitted without a detector and are left out: --threshold sets one"
)


@dataclass(frozen=True)
class OwnThresholds:
    """Thresholds of events, and those of single photos where they are others; see `LabelSchema`.

    `promise`: the promise of the first label's, None without. `notes`: what is left out, and why.
    """

    events: LabelThresholds = field(default_factory=dict)
    photos: LabelThresholds = field(default_factory=dict)
    promise: ThresholdPromise | None = None
    notes: tuple[str, ...] = ()


def own_thresholds(info: ModelInfo, setup: PredictionSetup) -> OwnThresholds:
    """Return the thresholds that hold for predictions of events that are made as `setup` says.

    A file without promises has them for whole photos. Raises InputError if promises are damaged.
    """
    promises = _read_promises(info)
    if not promises:
        return _of_older_file(info, setup)
    promised = {one.label for one in promises}
    found = {one.label: one for one in promises if one.made_for == setup}
    photos = {one.label: one for one in promises if one.made_for == setup.of_photos}
    others = {label: info.schema.thresholds[label] for label in info.schema.thresholds}
    kept = {label: limits for label, limits in others.items() if label not in promised}
    missing = promised - found.keys()
    return OwnThresholds(
        {**kept, **{label: _limits(info, one) for label, one in found.items()}},
        {
            label: _limits(info, photos[label])
            for label, one in found.items()
            if label in photos and one.photos_per_event[1] > 1
        },
        next(iter(found.values()), None),
        (_dropped(promises, setup),) if missing else (),
    )


def _read_promises(info: ModelInfo) -> list[ThresholdPromise]:
    entries = info.promises.get(THRESHOLDS, [])
    if not isinstance(entries, list):
        raise InputError("its promised thresholds are damaged: calibrate the original again")
    promises = [ThresholdPromise.from_json(one) for one in entries]
    return [one for one in promises if one.label in info.labels]


def _limits(info: ModelInfo, promise: ThresholdPromise) -> tuple[float | None, ...]:
    """Return the thresholds in the order of the classes; a class without an entry has none."""
    return tuple(promise.thresholds.get(name) for name in info.labels[promise.label])


def _of_older_file(info: ModelInfo, setup: PredictionSetup) -> OwnThresholds:
    """Return the thresholds of a file that does not say what they were fitted for."""
    found = info.schema.thresholds
    if not found:
        return OwnThresholds()
    if setup.detector:
        return OwnThresholds(notes=(_WITHOUT_DETECTOR,))
    fitted = PredictionSetup()
    if fitted == setup:
        return OwnThresholds(found)
    note = (
        "the model does not say what its thresholds were fitted for, probably "
        f"{fitted.describe()}: with {setup.describe()} they may promise too much"
    )
    return OwnThresholds(found, notes=(note,))


def _dropped(promises: Sequence[ThresholdPromise], setup: PredictionSetup) -> str:
    """Return why no threshold is used, and what they were fitted for."""
    setups: Mapping[str, None] = dict.fromkeys(one.made_for.describe() for one in promises)
    return (
        f"the model's thresholds are left out: they were fitted for {', '.join(setups)}, not for "
        f"{setup.describe()}: --threshold sets one"
    )
