"""Fit strangers for a model with features: how far a photo is from all that it learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ctc.artifacts.dataset import TRAIN, Dataset, Label
from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.file import ModelInfo
from ctc.evaluation.answers.label_names import match_labels
from ctc.features.probe.extract import compute_features
from ctc.features.probe.feature_cache import FeatureCache
from ctc.features.probe.fitting.fit_strangers import Strangers, fit_strangers
from ctc.features.probe.samples import Samples, read_samples
from ctc.reporting import Reporter
from ctc.runtime.session import Model

MAX_TRAIN_EVENTS = 20_000
"""More events of the train split would hardly change the distance."""


def fit_model_strangers(
    model: Model,
    dataset: Dataset,
    split: str,
    rate: float,
    truth_labels: Mapping[str, str],
    location: str,
    reporter: Reporter,
) -> Strangers | str:
    """Return the fit for the classes of the model's first label, or why there is none.

    The distance is that from up to MAX_TRAIN_EVENTS events of the split 'train'; `split` gives the
    threshold. `rate`: the share of events of known classes that may be called strangers.
    """
    if split == TRAIN or not dataset.manifest.splits.get(TRAIN):
        return (
            f"no strangers were fitted: they need the split '{TRAIN}' of the dataset, and another"
            " split for the threshold"
        )
    known = {label.name: label for label in dataset.manifest.labels}
    names = match_labels(
        model.info.labels, known, truth_labels, "the model", f"'{dataset.display_path}'"
    )
    name = next(iter(names))
    label = known[names[name]]
    multi_label = (label.name,) if name in model.info.multi_label else ()
    samples = {}
    with TemporaryDirectory(prefix="ctc-features-") as folder:
        cache = FeatureCache(Path(folder), model.info.feature_size or 0)
        for one, limit in ((TRAIN, MAX_TRAIN_EVENTS), (split, None)):
            compute_features(model, dataset, one, ("original",), cache, reporter, limit)
            found = read_samples(
                cache, dataset, one, ("original",), [label], multi_label, location, False, limit
            )
            samples[one] = _without_foreign(found, label, name, model.info)
    return fit_strangers(samples[TRAIN], samples[split], label.name, rate, split)


def _without_foreign(samples: Samples, label: Label, name: str, info: ModelInfo) -> Samples:
    """Return the samples with the truth missing where it has a class that the model doesn't."""
    foreign = np.array([one not in info.labels[name] for one in label.classes])
    truth = samples.truth[label.name].copy()
    if truth.ndim == 1:
        truth[(truth != MISSING) & foreign[truth]] = MISSING
    else:
        truth[((truth == 1) & foreign).any(axis=1)] = MISSING
    return replace(samples, truth={label.name: truth})
