"""What `ctc evaluate` evaluates: a model on a dataset, or predictions against an inventory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.inventory import Inventory
from ctc.cli.console import say, warn
from ctc.cli.evaluate_run import explained, history_of
from ctc.cli.scoring_options import combine_by, open_model, score
from ctc.report.calibration import uncalibrated
from ctc.report.evaluate import Background, evaluate
from ctc.report.evaluation import Evaluation
from ctc.report.html.evaluation_report import Beside, write_evaluation_report
from ctc.report.html.options import ReportConfig
from ctc.report.html.thumbnails import PhotoSource, dataset_photos, photo_files
from ctc.report.metrics_file import write_metrics
from ctc.report.prediction_file import read_predictions
from ctc.report.review_lists import LABEL_ERRORS, TO_LABEL, write_label_errors, write_to_label
from ctc.report.scored import Scored
from ctc.report.truth import with_truth

Tell = Callable[[Evaluation], None]
DEFAULT_SPLIT = "test"


def evaluate_model(path: Path, folder: Path, output: Path, options: dict[str, Any], tell: Tell) -> int:
    """Returns how many photos or records could not be used."""
    split = options["split"] or DEFAULT_SPLIT
    model, dataset = open_model(path, options["provider"], options["threads"]), Dataset.open(folder, [split])
    info = model.info
    history = history_of(options["run"], info)
    found = score(model, dataset, split, options)
    scored = found.scored
    background = Background(
        subject={
            "model": path.name,
            "dataset": folder.name,
            "fingerprint": dataset.fingerprint(),
            "split": split,
            "aggregation": options["aggregation"],
            "failures": len(found.failures),
        },
        trained=_trained(dataset, info.labels),
        thresholds=info.thresholds,
        calibration=info.calibration,
        uncalibrated=uncalibrated(scored, info.calibration, combine_by(options["aggregation"])(info.multi_label)),
    )
    evaluation = evaluate(scored, background, found.notes)
    explanations = explained(model, dataset, split, scored, output, options) if options["explain"] else None
    beside = Beside(found.failures, info, history, explanations, _config(options))
    _write(scored, evaluation, output, dataset_photos(dataset, split), beside, tell)
    return len(found.failures)


def evaluate_predictions(path: Path, truth: Path, output: Path, options: dict[str, Any], tell: Tell) -> None:
    """Of a prediction file and the inventory with the truth."""
    history, root = history_of(options["run"]), options["image_root"]
    combine = combine_by(options["aggregation"])
    read = read_predictions(path, options["location"], combine)
    inventory = Inventory.read(truth)
    if root:
        inventory = replace(inventory, image_root=root)
    joined = with_truth(read, inventory, options["location"], combine(read.multi_label))
    subject = {"predictions": path.name, "truth": truth.name, "aggregation": options["aggregation"]}
    background = Background(subject, thresholds=joined.scored.present_from)
    evaluation = evaluate(joined.scored, background, joined.notes)
    beside = Beside(history=history, config=_config(options))
    _write(joined.scored, evaluation, output, photo_files(root), beside, tell)


def _write(
    scored: Scored, evaluation: Evaluation, output: Path, photos: PhotoSource, beside: Beside, tell: Tell
) -> None:
    write_metrics(evaluation, output)
    doubted = write_label_errors(scored, output / LABEL_ERRORS)
    wanted = write_to_label(scored, output / TO_LABEL)
    for note in evaluation.notes:
        warn(note)
    tell(evaluation)
    say(f"labels that are likely wrong: {doubted:,}; events to label next: {wanted:,}")
    report = write_evaluation_report(evaluation, scored, output, photos, beside)
    say(f"all figures are in '{output}'; to read in a browser: '{report}'")


def _config(options: dict[str, Any]) -> ReportConfig:
    return ReportConfig(options["thumbnails"], options["licence"])


def _trained(dataset: Dataset, labels: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[int, ...]]:
    """How often each class of the model's labels is in the train split, if there is one."""
    counts = {}
    for label in dataset.manifest.labels:
        if label.name in labels and "train" in label.counts:
            of = dict(zip(label.classes, label.counts["train"], strict=True))
            counts[label.name] = tuple(of.get(name, 0) for name in labels[label.name])
    return counts
