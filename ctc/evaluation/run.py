"""What `ctc evaluate` evaluates: a model on a dataset, or predictions against an inventory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.inventory import Inventory
from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.run import Run
from ctc.cli.console.console import info, warn
from ctc.cli.options.scoring import aggregator_factory, open_model, score
from ctc.errors import MissingExtraError, UsageError
from ctc.evaluation.answers.ground_truth import join_ground_truth
from ctc.evaluation.answers.prediction_file import read_predictions
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.calibration.calibration import undo_calibration
from ctc.evaluation.explain.explain import (
    FOLDER,
    Explanations,
    SaliencyMethod,
    choose_examples,
    explain,
    write_explanations,
)
from ctc.evaluation.explain.occlusion import occlusion_map
from ctc.evaluation.explain.saliency import SaliencyFn
from ctc.evaluation.html.curves import History, read_history
from ctc.evaluation.html.evaluation_report import ReportExtras, write_evaluation_report
from ctc.evaluation.html.options import ReportConfig
from ctc.evaluation.html.thumbnails import (
    ThumbnailSource,
    thumbnails_from_dataset,
    thumbnails_from_files,
)
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate
from ctc.evaluation.metrics.evaluation import Evaluation
from ctc.evaluation.metrics.metrics_file import write_metrics
from ctc.evaluation.worklists.review_lists import (
    LABEL_ERRORS,
    TO_LABEL,
    write_label_errors,
    write_to_label,
)
from ctc.runtime.session import Model


def load_history(folder: Path | None, model: ModelInfo | None = None) -> History:
    """How the training of the run went, epoch by epoch; none without a `folder`.

    Raises CtcError when it is no run with a history, or when it is not the run that the `model`
    comes from."""
    if folder is None:
        return ()
    run = Run(folder)
    info = run.read()
    if model:
        made = {key: model.provenance.get(key) for key in ("backbone", "seed", "dataset")}
        told = {
            "backbone": info.backbone,
            "seed": info.seed,
            "dataset": info.dataset["fingerprint"],
        }
        if (info.labels, info.preprocessing, told) != (model.labels, model.preprocessing, made):
            raise UsageError(
                f"the model does not come from '{folder}': give --run the folder it was exported from"
            )
    return read_history(run)


def explain_examples(
    model: Model,
    dataset: Dataset,
    split: str,
    scored: EvaluationData,
    output: Path,
    options: dict[str, Any],
) -> Explanations:
    """What the model looked at, also written into `output`/explain."""
    heat, method = _saliency_method(model, options["run"])
    chosen = choose_examples(scored, options["explain"])
    found = Explanations(method, explain(heat, model.info.preprocessing, dataset, split, chosen))
    write_explanations(found, output)
    info(f"what the model looked at, by {method}: '{output / FOLDER}'")
    return found


def _saliency_method(model: Model, folder: Path | None) -> tuple[SaliencyFn, SaliencyMethod]:
    gradients = _load_gradcam(Run(folder)) if folder else None
    return (
        (gradients, "Grad-CAM")
        if gradients
        else (partial(occlusion_map, model.predict), "occlusion")
    )


def _load_gradcam(run: Run) -> SaliencyFn | None:
    from ctc.plugin.manager import plugins
    from ctc.training.distributed.backend import start_backend

    try:
        start_backend()
    except MissingExtraError:
        info("TensorFlow is not installed: occlusion takes the place of Grad-CAM")
        return None
    from ctc.evaluation.explain.gradcam import gradcam

    return gradcam(run, plugins())


EvaluationCallback = Callable[[Evaluation], None]
DEFAULT_SPLIT = "test"


def evaluate_model(
    path: Path,
    folder: Path,
    output: Path,
    options: dict[str, Any],
    on_evaluated: EvaluationCallback,
) -> int:
    """Returns how many photos or records could not be used."""
    split = options["split"] or DEFAULT_SPLIT
    model, dataset = (
        open_model(path, options["provider"], options["threads"]),
        Dataset.open(folder, [split]),
    )
    info = model.info
    history = load_history(options["run"], info)
    found = score(model, dataset, split, options)
    scored = found.data
    background = EvaluationContext(
        subject={
            "model": path.name,
            "dataset": folder.name,
            "fingerprint": dataset.fingerprint(),
            "split": split,
            "aggregation": options["aggregation"],
            "failures": len(found.failures),
        },
        train_counts=_train_class_counts(dataset, info.labels),
        thresholds=info.thresholds,
        calibration=info.calibration,
        uncalibrated=undo_calibration(
            scored, info.calibration, aggregator_factory(options["aggregation"])(info.multi_label)
        ),
    )
    evaluation = evaluate(scored, background, found.notes)
    explanations = (
        explain_examples(model, dataset, split, scored, output, options)
        if options["explain"]
        else None
    )
    beside = ReportExtras(found.failures, info, history, explanations, _report_config(options))
    _write_outputs(
        scored, evaluation, output, thumbnails_from_dataset(dataset, split), beside, on_evaluated
    )
    return len(found.failures)


def evaluate_predictions(
    path: Path, truth: Path, output: Path, options: dict[str, Any], on_evaluated: EvaluationCallback
) -> None:
    """Of a prediction file and the inventory with the truth."""
    history, root = load_history(options["run"]), options["image_root"]
    combine = aggregator_factory(options["aggregation"])
    read = read_predictions(path, options["location"], combine)
    inventory = Inventory.read(truth)
    if root:
        inventory = replace(inventory, image_root=root)
    joined = join_ground_truth(read, inventory, options["location"], combine(read.multi_label))
    subject = {"predictions": path.name, "truth": truth.name, "aggregation": options["aggregation"]}
    background = EvaluationContext(subject, thresholds=joined.data.presence_thresholds)
    evaluation = evaluate(joined.data, background, joined.notes)
    beside = ReportExtras(history=history, config=_report_config(options))
    _write_outputs(
        joined.data, evaluation, output, thumbnails_from_files(root), beside, on_evaluated
    )


def _write_outputs(
    scored: EvaluationData,
    evaluation: Evaluation,
    output: Path,
    photos: ThumbnailSource,
    extras: ReportExtras,
    on_evaluated: EvaluationCallback,
) -> None:
    write_metrics(evaluation, output)
    doubted = write_label_errors(scored, output / LABEL_ERRORS)
    wanted = write_to_label(scored, output / TO_LABEL)
    for note in evaluation.notes:
        warn(note)
    on_evaluated(evaluation)
    info(f"labels that are likely wrong: {doubted:,}; events to label next: {wanted:,}")
    report = write_evaluation_report(evaluation, scored, output, photos, extras)
    info(f"all figures are in '{output}'; to read in a browser: '{report}'")


def _report_config(options: dict[str, Any]) -> ReportConfig:
    return ReportConfig(options["thumbnails"], options["licence"])


def _train_class_counts(
    dataset: Dataset, labels: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[int, ...]]:
    """How often each class of the model's labels is in the train split, if there is one."""
    counts = {}
    for label in dataset.manifest.labels:
        if label.name in labels and "train" in label.counts:
            of = dict(zip(label.classes, label.counts["train"], strict=True))
            counts[label.name] = tuple(of.get(name, 0) for name in labels[label.name])
    return counts
