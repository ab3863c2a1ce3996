"""The run folder at the beginning and the end of a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ctc.artifacts.run import Run, RunInfo
from ctc.errors import CtcError, OutputExistsError, UsageError
from ctc.storage.atomic import is_partial, remove
from ctc.storage.json_file import write_object
from ctc.training.distributed.backend import device_names, library_versions
from ctc.training.metrics.metrics import LabelMetrics, SplitMetrics
from ctc.training.plan import TEST, TrainingPlan


def check_output(run: Run, overwrite: bool) -> None:
    """Raises UsageError when the folder is in use; only an earlier run may be overwritten, never
    another folder."""
    folder = run.folder
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() and not run.info_path.is_file():
        raise UsageError(f"'{folder}' exists and is not a run: choose another --output")
    if folder.exists() and not overwrite:
        raise OutputExistsError(
            folder, f"choose another --output, go on with --resume '{folder}', or add --overwrite"
        )


@contextmanager
def new_run(run: Run, info: RunInfo) -> Iterator[None]:
    """Begin the run in place of what was there. When the block raises before there is a checkpoint,
    nothing is left."""
    was_there = run.folder.is_dir()
    _remove_files(run)
    try:
        run.write(info)
        yield
    except BaseException:
        if not any(run.checkpoints.glob("*")):
            _remove_files(run)
            if not was_there and run.folder.is_dir() and not any(run.folder.iterdir()):
                run.folder.rmdir()
        raise


@contextmanager
def explain_disk_errors(run: Run) -> Iterator[None]:
    """What can't be written in the block ends the training with what is to be done."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CtcError(
            f"'{run.folder}' can't be written: {reason}; mend that and {resume_hint(run)}"
        ) from error


def resume_hint(run: Run) -> str:
    """The next step after a training that ended early."""
    return f"go on with: ctc train --resume '{run.folder}'"


def make_run_info(plan: TrainingPlan) -> RunInfo:
    """What run.json will say."""
    mean, std = plan.channel_statistics
    return RunInfo(
        config=plan.config.to_json(),
        backbone=plan.backbone.name,
        labels={label.name: label.classes for label in plan.labels},
        preprocessing=plan.preprocessing,
        channel_mean=mean,
        channel_std=std,
        dataset={"path": plan.config.dataset, "fingerprint": plan.dataset.fingerprint()},
        seed=plan.config.seed,
        versions=library_versions(),
        devices=device_names(),
        multi_label=plan.config.multi_label,
    )


def write_test_scores(run: Run, metrics: SplitMetrics) -> None:
    """Write test.json: `split`, `images`, `loss`, and `labels` with the figures of each (null
    without photos) and `n`."""
    labels = {label: _metrics_to_json(score) for label, score in metrics.labels.items()}
    write_object(
        run.test_scores,
        {"split": TEST, "images": metrics.images, "loss": metrics.loss, "labels": labels},
    )


def _metrics_to_json(score: LabelMetrics) -> dict[str, float | int | None]:
    return {name: value if score.n else None for name, value in score.named_metrics.items()} | {
        "n": score.n
    }


def remove_partial(run: Run) -> None:
    """Remove what a killed process was writing."""
    for folder in (run.folder, run.checkpoints):
        for path in filter(is_partial, folder.glob(".*")):
            remove(path)


def _remove_files(run: Run) -> None:
    remove_partial(run)
    for path in run.files:
        remove(path)
