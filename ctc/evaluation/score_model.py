"""Predictions of a model file for a dataset's split, with progress and warnings."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ctc.artifacts.dataset import Dataset
from ctc.evaluation.answers.score_split import PredictFn, ScoredSplit, score_split
from ctc.evaluation.config import ScoringConfig
from ctc.reporting import Reporter, counted
from ctc.runtime.flips import mean_with_mirrored
from ctc.runtime.session import Model, load_model

MAX_FAILURES_SHOWN = 5


def open_model(path: Path, config: ScoringConfig) -> Model:
    """Open a model file to run as `config.runtime` says."""
    return load_model(path, config.runtime)


def score_model(
    model: Model,
    dataset: Dataset,
    split: str,
    config: ScoringConfig,
    reporter: Reporter,
    predict: PredictFn | None = None,
) -> ScoredSplit:
    """Predict the whole split, and warn about photos and records that can't be used.

    `predict` replaces the model's own method. Raises CtcError as `score_split` does.
    """
    run = predict or model.predict
    if config.flips:
        run = partial(mean_with_mirrored, run)
    images = sum(shard.images for shard in dataset.shards(split))
    with reporter.progress(split, images) as bar:
        scored = score_split(run, model.info, dataset, split, config, bar.advance)
    if scored.failures:
        failed = counted(len(scored.failures), "photo or record", "photos or records")
        reporter.warn(f"{failed} could not be used:")
        for failure in scored.failures[:MAX_FAILURES_SHOWN]:
            reporter.info(f"  {failure}")
    return scored
