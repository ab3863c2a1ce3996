"""Evaluate a model on a dataset, or predictions against an inventory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.inventory import Inventory
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.taxonomy import read_model_taxonomy
from ctc.errors import UsageError
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.ground_truth import join_ground_truth
from ctc.evaluation.answers.photo_boxes import read_photo_boxes
from ctc.evaluation.answers.prediction_file import read_predictions
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.answers.score_split import ScoredSplit
from ctc.evaluation.config import EvaluateConfig
from ctc.evaluation.explain.explain import (
    FOLDER,
    Explanations,
    choose_examples,
    explain,
    write_explanations,
)
from ctc.evaluation.explain.method import choose_method
from ctc.evaluation.html.evaluation_report import ReportExtras, write_evaluation_report
from ctc.evaluation.html.thumbnails import (
    ThumbnailSource,
    thumbnails_from_dataset,
    thumbnails_from_files,
)
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate
from ctc.evaluation.metrics.evaluation import Evaluation
from ctc.evaluation.metrics.metrics_file import METRICS_CSV, METRICS_JSON, write_metrics
from ctc.evaluation.model_context import model_context
from ctc.evaluation.pooling.scoring import resolve_scoring
from ctc.evaluation.score_model import (
    open_model,
    open_with_detector,
    score_model,
    score_with_detector,
)
from ctc.evaluation.training_history import load_history
from ctc.evaluation.training_overlap import UNKNOWN, overlap_notes
from ctc.evaluation.worklists.review_lists import (
    LABEL_ERRORS,
    TO_LABEL,
    Disagreements,
    write_label_errors,
    write_to_label,
)
from ctc.reporting import NullReporter, Reporter
from ctc.runtime.session import Model
from ctc.storage.atomic import is_partial

NULL_REPORTER = NullReporter()


@dataclass(frozen=True)
class EvaluationResult:
    """Metrics and written files of an evaluation.

    `disagreements` counts the labels that the model disagrees with, `to_label` is the number of
    rows of that work list, `report` the path of report.html. `failures` says where records or
    photos could not be used, and why.
    """

    evaluation: Evaluation
    disagreements: Disagreements
    to_label: int
    report: Path
    failures: tuple[str, ...] = ()


def evaluate_model(
    model_file: Path,
    dataset_folder: Path,
    output: Path,
    config: EvaluateConfig,
    reporter: Reporter = NULL_REPORTER,
) -> EvaluationResult:
    """Evaluate a model on a split of a dataset, and write everything into `output`.

    Raises CtcError, writing nothing, if the model or the dataset can't be used.
    """
    if config.explain and config.detector:
        raise UsageError(
            "--explain shows what a model sees in whole photos: leave it out, or --detector"
        )
    model = open_model(model_file, config.scoring)
    scoring = resolve_scoring(config.scoring, model.info, detector=config.detector is not None)
    config = replace(config, scoring=scoring)
    dataset = open_dataset(dataset_folder, [config.split])
    history = load_history(config.run, model.info)
    scored, info = _score(model, dataset, config, reporter)
    context, more = _with_taxonomy(
        model_context(model, dataset, scored, config), scored.data, config
    )
    notes = overlap_notes(context.subject["trained"], config.split)
    evaluation = evaluate(scored.data, context, (*notes, *scored.notes, *more))
    explanations = (
        _explain(model, dataset, scored.data, output, config, reporter) if config.explain else None
    )
    thumbnails = thumbnails_from_dataset(dataset, config.split)
    extras = ReportExtras(
        scored.failures, info, history, explanations, config.report, lambda _: scored.boxes
    )
    return _write_outputs(scored.data, evaluation, output, thumbnails, extras)


def is_unfinished(output: Path) -> bool:
    """Return whether a folder holds no more than a part of an evaluation's files.

    An evaluation that was killed leaves it: its report is the last file.
    """
    parts = {METRICS_JSON, METRICS_CSV, LABEL_ERRORS, TO_LABEL, FOLDER}
    return all(path.name in parts or is_partial(path) for path in output.iterdir())


def evaluate_predictions(
    predictions: Path, truth: Path, output: Path, config: EvaluateConfig
) -> EvaluationResult:
    """Evaluate a prediction file against the inventory `truth`, and write into `output`.

    Raises CtcError, writing nothing, if the files can't be used or don't match.
    """
    location, root = config.scoring.location, config.image_root
    history = load_history(config.run)
    scoring = resolve_scoring(config.scoring, None)
    aggregators = aggregator_factory(scoring.aggregation, scoring.aggregation_options)
    data = read_predictions(predictions, location, aggregators)
    inventory = Inventory.read(truth)
    if root:
        inventory = replace(inventory, image_root=root)
    joined = join_ground_truth(
        data, inventory, location, aggregators(data.multi_label), config.scoring.truth_labels
    )
    subject = {
        "predictions": predictions.name,
        "truth": truth.name,
        "aggregation": scoring.aggregation,
        "trained": UNKNOWN,
    }
    context, notes = _with_taxonomy(
        EvaluationContext(subject, thresholds=joined.data.presence_thresholds), joined.data, config
    )
    evaluation = evaluate(joined.data, context, (*joined.notes, *notes))
    boxes = partial(read_photo_boxes, predictions)
    extras = ReportExtras(history=history, config=config.report, boxes=boxes)
    return _write_outputs(joined.data, evaluation, output, thumbnails_from_files(root), extras)


def _with_taxonomy(
    context: EvaluationContext, data: EvaluationData, config: EvaluateConfig
) -> tuple[EvaluationContext, tuple[str, ...]]:
    """Return the context with the taxonomy of `config`, if it names one, and notes about it."""
    if config.taxonomy is None:
        return context, ()
    found = read_model_taxonomy(config.taxonomy, data.classes, data.foreign)
    return replace(context, taxonomies=found.labels), found.notes


def _score(
    model: Model, dataset: Dataset, config: EvaluateConfig, reporter: Reporter
) -> tuple[ScoredSplit, ModelInfo]:
    """Return the predictions of the split, and what of the model's metadata they follow."""
    if config.detector is None:
        return score_model(model, dataset, config.split, config.scoring, reporter), model.info
    two_stages = open_with_detector(model, dataset, config.detector, config.scoring)
    scored = score_with_detector(two_stages, dataset, config.split, config.scoring, reporter)
    return scored, replace(model.info, thresholds={}, strangers={})


def _explain(
    model: Model,
    dataset: Dataset,
    data: EvaluationData,
    output: Path,
    config: EvaluateConfig,
    reporter: Reporter,
) -> Explanations:
    """Compute saliency maps for some events, and write them into `output`/explain."""
    saliency_fn, method = choose_method(model, config.run, reporter)
    examples = choose_examples(data, config.explain)
    preprocessing = model.info.preprocessing
    maps = explain(saliency_fn, preprocessing, dataset, config.split, examples)
    explanations = Explanations(method, maps)
    write_explanations(explanations, output, config.report.for_excel)
    reporter.info(f"saliency maps ({method}): '{output / FOLDER}'")
    return explanations


def _write_outputs(
    data: EvaluationData,
    evaluation: Evaluation,
    output: Path,
    thumbnails: ThumbnailSource,
    extras: ReportExtras,
) -> EvaluationResult:
    for_excel = extras.config.for_excel
    write_metrics(evaluation, output, for_excel)
    disagreements = write_label_errors(data, output / LABEL_ERRORS, for_excel)
    to_label = write_to_label(data, output / TO_LABEL, for_excel)
    report = write_evaluation_report(evaluation, data, output, thumbnails, extras)
    return EvaluationResult(evaluation, disagreements, to_label, report, extras.failures)
