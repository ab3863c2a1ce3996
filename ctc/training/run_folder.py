"""The run folder: checked and created before a training, read to resume one.

Importing this module does not import Keras.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ctc.artifacts.dataset import TEST
from ctc.artifacts.run import Run, RunInfo, open_run
from ctc.errors import CtcError, InputError, OutputExistsError, UsageError, reason
from ctc.storage.atomic import check_writable, is_partial, remove
from ctc.storage.folder_lock import LOCK_FILE, lock_folder
from ctc.storage.json_file import write_object
from ctc.training.config import TrainingConfig
from ctc.training.distributed.backend import device_names, library_versions

if TYPE_CHECKING:
    from ctc.training.metrics.metrics import LabelMetrics, SplitMetrics
    from ctc.training.plan import TrainingPlan


def read_config(path: Path) -> tuple[TrainingConfig, RunInfo]:
    """Return the options of an earlier run and its run.json; `path` is its run.json or its folder.

    Raises CtcError if `path` is not a run, or an option can't be read.
    """
    run = open_run(path)
    info = run.read()
    try:
        return TrainingConfig.from_json(info.config), info
    except InputError as error:
        raise InputError(f"'{run.info_path}': {error}") from None


def check_output(config: TrainingConfig, *, resume: bool, overwrite: bool) -> None:
    """Check that the output of a training can be written, before any work is done.

    Raises UsageError if it is in use: only an earlier run may be overwritten, never another folder.
    Raises CtcError if it can't be written. Of several hosts only the main one writes.
    """
    if not config.topology.is_main:
        return
    run = Run(Path(config.output).absolute())
    if not resume:
        _check_unused(run, overwrite)
    check_writable(run.folder, is_folder=True)


def _check_unused(run: Run, overwrite: bool) -> None:
    folder = run.folder
    if folder.is_dir() and all(path.name == LOCK_FILE for path in folder.iterdir()):
        return
    if folder.exists() and not run.info_path.is_file():
        raise UsageError(f"'{folder}' exists and is not a run: choose another --output")
    if folder.exists() and not overwrite:
        raise OutputExistsError(
            folder, f"choose another --output, resume with --resume '{folder}', or add --overwrite"
        )


@contextmanager
def lock_run(run: Run) -> Iterator[None]:
    """Keep other trainings out of the run folder in the block.

    Raises InputError if another process trains there, CtcError if it can't be written.
    """
    with lock_folder(run.folder, "ctc train"):
        yield


@contextmanager
def new_run(run: Run, info: RunInfo) -> Iterator[None]:
    """Create the files of a run, in place of an earlier run.

    If the block raises before a checkpoint is written, they are removed again.
    """
    try:
        with explain_disk_errors(run):
            _remove_files(run)
            run.write(info)
        yield
    except BaseException:
        if not has_checkpoint(run):
            _remove_files(run)
        raise


@contextmanager
def explain_disk_errors(run: Run) -> Iterator[None]:
    """Turn an OSError in the block into a CtcError that says how to continue."""
    try:
        yield
    except OSError as error:
        raise CtcError(
            f"'{run.folder}' can't be written: {reason(error)}; solve this, then {resume_hint(run)}"
        ) from error


def has_checkpoint(run: Run) -> bool:
    """Return whether there is a checkpoint to resume from."""
    return any(path for path in run.checkpoints.glob("*") if not is_partial(path))


def resume_hint(run: Run, option: str = "") -> str:
    """Return how to continue a training that ended early, for the end of a message.

    `option`: one to add, with its value.
    """
    if has_checkpoint(run):
        return f"resume with: {resume_command(run)} {option}".rstrip()
    return f"run the same command again{option and ' with ' + option}"


def resume_command(run: Run) -> str:
    """Return the command that resumes a training."""
    return f"ctc train --resume {shlex.quote(str(run.folder))}"


def make_run_info(plan: TrainingPlan) -> RunInfo:
    """Return the content of run.json."""
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
        teacher={"path": str(plan.teacher.model.path), "digest": plan.teacher.digest}
        if plan.teacher
        else {},
    )


def write_test_scores(run: Run, metrics: SplitMetrics) -> None:
    """Write test.json: split, images, loss, and per label its metrics and `n`.

    Metrics of a label without photos are null.
    """
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
    """Remove temporary files that a killed process left."""
    for folder in (run.folder, run.checkpoints):
        for path in filter(is_partial, folder.glob(".*")):
            remove(path)


def _remove_files(run: Run) -> None:
    remove_partial(run)
    for path in run.files:
        remove(path)
