"""The shares of classes that a model was calibrated on, which `ctc predict --prior` starts from.

They are the mean of the calibrated probabilities of the split's events, and not the shares of the
labels: so a prediction of events of the same kind adds up to just them, whatever bias the
calibration left (Alexandari et al. 2020, https://arxiv.org/abs/1901.06852).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ctc.artifacts.model.file import ModelInfo
from ctc.evaluation.answers.predictions import EvaluationData, is_known
from ctc.evaluation.calibration.promises.promise_fit import event_setup
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.statistics.clusters import Clusters
from ctc.inference.decisions.priors.decision import PRIORS
from ctc.inference.decisions.priors.shares import independent_events


def fit_class_shares(
    data: EvaluationData,
    info: ModelInfo,  # noqa: ARG001
    config: CalibrateConfig,
) -> dict[str, list[dict[str, Any]]]:
    """Return the entry of every label with one class per event; a `PromiseFit`.

    None for a label whose probabilities don't sum to 1, as those of some aggregations.
    """
    clusters = Clusters.of_events(data)
    scope = clusters.scope
    _, cluster = np.unique(clusters.of_scope(scope), return_inverse=True)
    entries = []
    for label, truth in data.truth.items():
        probabilities = data.events.probabilities[label].astype(np.float64)
        sums = probabilities.sum(axis=1)
        if label in data.multi_label or not is_known(truth).any() or abs(sums - 1).max() > 1e-3:
            continue
        shares = probabilities.mean(axis=0)
        entries.append(
            {
                "label": label,
                "made_for": event_setup(config.scoring, config.detector).to_json(),
                "scope": scope,
                "confidence": None,
                "events": len(probabilities),
                "independent_events": independent_events(
                    probabilities, cluster.astype(np.int64), shares
                ),
                "shares": dict(zip(data.classes[label], shares.tolist(), strict=True)),
            }
        )
    return {PRIORS: entries} if entries else {}
