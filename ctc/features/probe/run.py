"""`ctc probe`: features, heads, strangers, learning curve, model file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc._version import __version__
from ctc.artifacts.dataset import TEST, TRAIN, VALIDATION, Dataset, Label
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.model.file import FEATURES_OUTPUT, ModelInfo
from ctc.errors import UsageError
from ctc.features.intervals import Share
from ctc.features.probe.config import ProbeConfig, ViewName
from ctc.features.probe.extract import compute_features
from ctc.features.probe.feature_cache import FeatureCache
from ctc.features.probe.fitting.fit import fit_heads
from ctc.features.probe.fitting.fit_strangers import Strangers, fit_strangers
from ctc.features.probe.fitting.heads import Heads
from ctc.features.probe.held_out_photos import held_out_photos
from ctc.features.probe.learning_curve import LearningCurve, learning_curve
from ctc.features.probe.onnx_model import check_strangeness, largest_difference, write_probe
from ctc.features.probe.samples import Samples, read_samples
from ctc.features.probe.score import accuracies
from ctc.features.probe.targets import choose_labels
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options
from ctc.reporting import NullReporter, Reporter, counted
from ctc.runtime.model_bytes import read_model
from ctc.runtime.session import Model, open_model

NULL_REPORTER = NullReporter()
MAX_FAILURES_SHOWN = 5


@dataclass(frozen=True)
class ProbeResult:
    """The written file and what it is worth.

    `strangers`: None if there are none; `notes` then say why, unless they weren't asked for.
    `accuracies`: by split and label, the share of events that are right. `difference`: the largest
    of any probability from the fit, on `parity_photos` photos of `parity_split`. `failures`:
    photos and records that could not be used, and why. `curves`: the learning curves, if any.
    """

    output: Path
    heads: Heads
    strangers: Strangers | None
    accuracies: Mapping[str, Mapping[str, Share]]
    difference: float
    parity_photos: int
    parity_split: str
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    curves: tuple[LearningCurve, ...] = ()


def probe(
    features_file: Path,
    dataset_folder: Path,
    output: Path,
    config: ProbeConfig,
    reporter: Reporter = NULL_REPORTER,
) -> ProbeResult:
    """Fit heads on the features of a dataset's photos, and write a model file.

    Raises CtcError, writing nothing, if that is not possible.
    """
    aggregation = bind_options(
        plugins().get(Aggregation, config.aggregation), config.aggregation_options
    )
    file = read_model(features_file)
    model = open_model(file, config.runtime, needs="features")
    dataset = open_dataset(dataset_folder)
    labels = choose_labels(dataset, config)
    if config.shots and not any(dataset.manifest.splits.get(one) for one in (TEST, VALIDATION)):
        raise UsageError("--shots needs a split 'test' or 'val' to measure the accuracy on")
    sha256 = hashlib.sha256(file.data).hexdigest()
    cache = FeatureCache.open(dataset, sha256, model.info.feature_size or 0, config.cache)
    samples = _all_samples(model, dataset, labels, cache, config, reporter)
    train, validation = samples[TRAIN], samples.get(VALIDATION)
    heads = fit_heads(train, validation, labels, config.class_weights, config.seed)
    names = [label.name for label in labels]
    found = {
        split: accuracies(heads, one, aggregation, names)
        for split, one in samples.items()
        if split != TRAIN
    }
    strangers: Strangers | None = None
    notes: tuple[str, ...] = ()
    if config.false_alarms is not None:
        fitted = fit_strangers(train, validation, names[0], config.false_alarms)
        strangers, notes = (None, (fitted,)) if isinstance(fitted, str) else (fitted, ())
    parity_split, images = held_out_photos(dataset, model.info.preprocessing)
    features = model.run(images, (FEATURES_OUTPUT,))[FEATURES_OUTPUT]

    def compare(written: Model) -> float:
        if strangers:
            check_strangeness(written, images, features, strangers.distance)
        return largest_difference(written, images, features, heads)

    info = _model_info(model.info, heads, strangers, dataset, sha256, config, found)
    distance = strangers.distance if strangers else None
    difference = write_probe(file, info, heads, distance, output, compare)
    failures = tuple(failure for one in samples.values() for failure in one.failures)
    curves = _learning_curves(samples, labels, heads, config, aggregation, reporter)
    return ProbeResult(
        output,
        heads,
        strangers,
        found,
        difference,
        len(images),
        parity_split,
        failures,
        notes,
        curves,
    )


def _all_samples(
    model: Model,
    dataset: Dataset,
    labels: Sequence[Label],
    cache: FeatureCache,
    config: ProbeConfig,
    reporter: Reporter,
) -> dict[str, Samples]:
    """Return the samples of the train split in all views, and of the others that there are."""
    samples = {}
    wanted: list[tuple[str, Sequence[ViewName]]] = [(TRAIN, config.views)]
    wanted += [(split, ("original",)) for split in (VALIDATION, TEST)]
    for split, views in wanted:
        if not dataset.manifest.splits.get(split) or not dataset.event_count(split):
            continue
        compute_features(model, dataset, split, views, cache, reporter)
        samples[split] = read_samples(
            cache,
            dataset,
            split,
            views,
            labels,
            config.multi_label,
            config.location,
            repeated=split == TRAIN,
        )
    failures = [failure for one in samples.values() for failure in one.failures]
    if failures:
        failed = counted(len(failures), "photo or record", "photos or records")
        reporter.warn(f"{failed} could not be used:")
        for failure in failures[:MAX_FAILURES_SHOWN]:
            reporter.info(f"  {failure}")
    return samples


def _learning_curves(
    samples: Mapping[str, Samples],
    labels: Sequence[Label],
    heads: Heads,
    config: ProbeConfig,
    aggregation: Aggregation,
    reporter: Reporter,
) -> tuple[LearningCurve, ...]:
    """Return the curve of each label, measured on the test split, or else on the validation."""
    split = next((name for name in (TEST, VALIDATION) if name in samples), None)
    if not config.shots or split is None:
        return ()
    with reporter.progress("draws", len(labels) * len(set(config.shots)) * config.draws) as bar:
        curves = [
            learning_curve(
                samples[TRAIN],
                (split, samples[split]),
                label,
                heads,
                config.shots,
                config.draws,
                config.class_weights,
                config.seed,
                aggregation,
                bar.advance,
            )
            for label in labels
        ]
    return tuple(curve for curve in curves if curve)


def _model_info(
    network: ModelInfo,
    heads: Heads,
    strangers: Strangers | None,
    dataset: Dataset,
    sha256: str,
    config: ProbeConfig,
    found: Mapping[str, Mapping[str, Share]],
) -> ModelInfo:
    """Return the metadata of the model file; what is known of the feature network is carried on."""
    probe_facts: dict[str, Any] = {
        "features_sha256": sha256,
        "features_provenance": dict(network.provenance),
        "views": list(config.views),
        "class_weights": config.class_weights,
        "aggregation": config.aggregation,
        "penalty": {label: head.penalty for label, head in heads.labels.items()},
        "accuracy": {
            split: {label: share.value for label, share in by_label.items()}
            for split, by_label in found.items()
        },
    }
    backbone = network.provenance.get("backbone") or network.source.get("name") or "unknown"
    return ModelInfo(
        {label: head.classes for label, head in heads.labels.items()},
        network.preprocessing,
        provenance={
            "backbone": backbone,
            "dataset": dataset.fingerprint(),
            "seed": config.seed,
            "probe": probe_facts,
            "exported_with": {"ctc": __version__},
        },
        multi_label=tuple(label for label, head in heads.labels.items() if head.multi_label),
        feature_size=network.feature_size,
        strangers=strangers.to_metadata(dataset) if strangers else {},
        licence=network.licence,
        source=network.source,
    )
