"""The run folder at the beginning and the end of a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ctc.artifacts.atomic import remove
from ctc.artifacts.jsonfile import write_object
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import OutputExistsError, UsageError
from ctc.training.passes import PassResult
from ctc.training.plan import TEST, Plan


def check_output(run: Run, overwrite: bool) -> None:
    """Raises UsageError when the folder is in use; only an earlier run may be overwritten, never another folder."""
    folder = run.folder
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() and not run.info_path.is_file():
        raise UsageError(f"'{folder}' exists and is not a run: choose another --output")
    if folder.exists() and not overwrite:
        raise OutputExistsError(folder)


@contextmanager
def run_folder(run: Run, info: RunInfo) -> Iterator[None]:
    """Begin the run in place of what was there. When the block raises before there are best weights, nothing is left."""
    was_there = run.folder.is_dir()
    _remove_files(run)
    try:
        run.write(info)
        yield
    except BaseException:
        if not run.best_weights.exists():
            _remove_files(run)
            if not was_there and run.folder.is_dir() and not any(run.folder.iterdir()):
                run.folder.rmdir()
        raise


def describe(plan: Plan, versions: dict[str, str]) -> RunInfo:
    """What run.json will say."""
    mean, std = plan.channel_statistics()
    return RunInfo(
        config=plan.config.to_json(),
        backbone=plan.backbone.name,
        labels={label.name: label.classes for label in plan.labels},
        preprocessing=plan.preprocessing,
        channel_mean=mean,
        channel_std=std,
        dataset={"path": plan.config.dataset, "fingerprint": plan.dataset.fingerprint()},
        seed=plan.config.seed,
        versions=versions,
    )


def write_test_scores(run: Run, measured: PassResult) -> None:
    """Write test.json: `split`, `images`, `loss`, and `labels` with `accuracy`, `loss` (null without photos) and `n` each."""
    labels = {
        label: {"accuracy": score.accuracy if score.n else None, "loss": score.loss if score.n else None, "n": score.n}
        for label, score in measured.labels.items()
    }
    write_object(run.test_scores, {"split": TEST, "images": measured.images, "loss": measured.loss, "labels": labels})


def _remove_files(run: Run) -> None:
    for path in (run.info_path, run.best_weights, run.history, run.test_scores, run.checkpoints):
        remove(path)
