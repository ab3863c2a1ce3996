"""Search the options of a training: trials, one after the other, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctc.artifacts.dataset import TRAIN, VALIDATION
from ctc.artifacts.run import Run
from ctc.errors import UsageError, require_extra
from ctc.images.eval_samples import sample_count
from ctc.plugin.manager import Plugins
from ctc.reporting import Reporter, hint_if_interrupted
from ctc.storage.atomic import check_writable, remove
from ctc.storage.folder_lock import LOCK_FILE, lock_folder
from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import SplitMetrics
from ctc.training.plan import resolve_plan
from ctc.training.run_folder import has_checkpoint
from ctc.training.run_training import HOST_LOCAL_OPTIONS, resume, train
from ctc.training.trainer.steps.step_errors import NotANumberError
from ctc.training.trainer.trainer import TrainingResult
from ctc.training.tuning.search_space import SearchSpace, search_space
from ctc.training.tuning.study import JOURNAL, Study

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class TuningResult:
    """Result of a search: the run folder, validation loss and values of the best trial."""

    run: Path
    loss: float
    values: Mapping[str, Any]
    trials: int


def tune(
    config: TrainingConfig,
    searched: Sequence[str],
    trials: int,
    plugins: Plugins,
    reporter: Reporter,
) -> TuningResult:
    """Search the options `searched` in the folder `config.output`, or go on with its study.

    `trials`: in all, with those of earlier calls. Raises CtcError if the options can't be trained
    with or the folder has a study of others; before anything is written.
    """
    require_extra("ctc tune", "tune", ["optuna"])
    folder = Path(config.output).absolute()
    _check_folder(folder)
    config = replace(config, output=str(folder))
    settings, space = _prepare(config, searched, plugins)
    with (
        hint_if_interrupted(reporter, lambda: "run the same command again"),
        lock_folder(folder, "ctc tune"),
    ):
        study = Study(folder, space, settings, config.seed)
        study.requeue_interrupted()
        for name, tried in space.items():
            reporter.info(f"searched: --{name.replace('_', '-')}: {tried}")
        while study.done < trials:
            _run_trial(study, config, trials, plugins, reporter)
        best = study.best()
    if best is None:
        raise UsageError(
            f"no trial in '{folder}' could be trained to its end: run the same command with more "
            "--trials"
        )
    return TuningResult(*best, study.done)


def _check_folder(folder: Path) -> None:
    """Raise CtcError unless the folder is new or has a study, and can be written."""
    is_new = not folder.exists() or (
        folder.is_dir() and all(path.name == LOCK_FILE for path in folder.iterdir())
    )
    if not is_new and not (folder / JOURNAL).is_file():
        raise UsageError(
            f"'{folder}' exists and is not a folder of `ctc tune`: choose another --output"
        )
    check_writable(folder, is_folder=True)


def _prepare(
    config: TrainingConfig, searched: Sequence[str], plugins: Plugins
) -> tuple[dict[str, Any], SearchSpace]:
    """Return what identifies the study, and its search space."""
    plan = resolve_plan(config, plugins)
    photos = sample_count(plan.dataset, TRAIN, plan.preprocessing)
    space = search_space(config, searched, photos)
    if not plan.has_split(VALIDATION):
        raise UsageError(
            f"'{plan.dataset.display_path}' has no split '{VALIDATION}', whose loss the trials are "
            "compared by: build the dataset with one"
        )
    local = HOST_LOCAL_OPTIONS | set(searched)
    common = {name: value for name, value in plan.config.to_json().items() if name not in local}
    return {**common, "dataset": plan.dataset.fingerprint()}, space


def _run_trial(
    study: Study, config: TrainingConfig, trials: int, plugins: Plugins, reporter: Reporter
) -> None:
    number = study.done + 1
    trial, values, folder = study.next_trial()
    reporter.info(f"trial {number} of {trials}, '{folder.name}': {describe(values)}")
    run, callback = Run(folder), _ReportToTrial(trial)
    try:
        result = _train(replace(config, output=str(folder), **values), callback, plugins, reporter)
    except PrunedError:
        study.prune(trial)
        reporter.info(f"'{folder.name}' falls behind the other trials: pruned")
    except NotANumberError as error:
        study.fail(trial, error)
        reporter.warn(f"'{folder.name}' failed: {str(error).partition(': ')[0]}")
    else:
        study.complete(trial, result.best.monitored_loss)
    remove(run.checkpoints)


def _train(
    config: TrainingConfig, callback: _ReportToTrial, plugins: Plugins, reporter: Reporter
) -> TrainingResult:
    """Train, or go on with what an interrupted process left."""
    if has_checkpoint(Run(Path(config.output))):
        return resume(config, plugins, reporter, callbacks=[callback])
    return train(config, plugins, reporter, overwrite=True, callbacks=[callback])


def describe(values: Mapping[str, Any]) -> str:
    """Return the values as options of `ctc train`."""
    return " ".join(
        f"--{name.replace('_', '-')} {value:.4g}"
        if isinstance(value, float)
        else f"--{name.replace('_', '-')} {value}"
        for name, value in values.items()
    )


class PrunedError(Exception):
    """A trial whose validation loss is above the median of the trials before, at its epoch."""


class _ReportToTrial:
    """A callback that reports each epoch's lowest loss so far, and ends a trial that is pruned."""

    def __init__(self, trial: optuna.trial.Trial) -> None:
        self._trial, self._reported = trial, 0

    def on_epoch_end(self, epochs: Sequence[Epoch]) -> None:
        for epoch in epochs[self._reported :]:
            lowest = min(one.monitored_loss for one in epochs[: epoch.index + 1])
            self._trial.report(lowest, epoch.index)
        self._reported = len(epochs)
        if self._trial.should_prune():
            raise PrunedError

    def on_train_end(self, test: SplitMetrics | None) -> None:
        """Do nothing: trials are compared by their validation loss alone."""
