"""Whether a model learnt from the photos that it is evaluated on, as its file tells."""

from __future__ import annotations

from ctc.artifacts.dataset import TRAIN, VALIDATION, Dataset
from ctc.artifacts.model.file import ModelInfo

UNKNOWN = "unknown"
OTHER_DATASET = "on another dataset"
OTHER_SPLIT = "on other splits of this dataset"
THIS_SPLIT = "on this split"
BEST_EPOCH = "on other splits of this dataset; the best epoch was chosen on this split"
CALIBRATION = "on other splits of this dataset; calibrated on this split"
"""How the model was trained, as a completion of "trained …"."""

NOTES = {
    THIS_SPLIT: "the model was trained on split '{split}' of this dataset: the metrics tell how"
    " well it remembers these photos, not how well it predicts new ones; evaluate on another split",
    BEST_EPOCH: "training chose its best epoch on split '{split}' of this dataset, so the metrics"
    " are somewhat too good; evaluate on another split",
    CALIBRATION: "the model was calibrated on split '{split}' of this dataset, so its calibration"
    " and thresholds look better than on new photos; evaluate on another split",
}
UNKNOWN_NOTE = (
    "the predictions don't say which photos their model was trained on: the metrics are too good"
    " if these are among them"
)


def training_overlap(info: ModelInfo, dataset: Dataset, split: str) -> str:
    """Return how the model was trained, with regard to a split of a dataset."""
    fingerprint, trained_on = dataset.fingerprint(), info.provenance.get("dataset")
    fitted_on = [(entry.get("dataset"), entry.get("split")) for entry in info.calibration.values()]
    if trained_on == fingerprint and split == TRAIN:
        return THIS_SPLIT
    if (fingerprint, split) in fitted_on:
        return CALIBRATION
    if trained_on == fingerprint:
        return BEST_EPOCH if split == VALIDATION else OTHER_SPLIT
    return OTHER_DATASET if trained_on else UNKNOWN


def overlap_notes(overlap: str, split: str) -> tuple[str, ...]:
    """Return a warning if the metrics are better than on new photos."""
    return (NOTES[overlap].format(split=split),) if overlap in NOTES else ()
