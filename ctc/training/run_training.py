"""Start or resume a training."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from zlib import crc32

import numpy as np

from ctc.artifacts.dataset import TRAIN, VALIDATION
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import UsageError
from ctc.plugin.manager import Plugins
from ctc.reporting import NullReporter, Reporter, counted, hint_if_interrupted
from ctc.training.callbacks import Callback
from ctc.training.config import TrainingConfig
from ctc.training.distributed.backend import make_deterministic
from ctc.training.plan import TrainingPlan, resolve_plan
from ctc.training.plan_warnings import plan_warnings
from ctc.training.run_folder import (
    check_output,
    explain_disk_errors,
    lock_run,
    make_run_info,
    new_run,
    read_config,
    remove_partial,
    resume_command,
    resume_hint,
)
from ctc.training.trainer.checkpoints import Checkpoints
from ctc.training.trainer.interruption import InterruptHandler
from ctc.training.trainer.steps.step_errors import explain_memory_error
from ctc.training.trainer.trainer import Trainer, TrainingResult

CHANGEABLE_ON_RESUME = frozenset(
    {
        "dataset",
        "teacher",
        "epochs",
        "learning_rate",
        "early_stopping_patience",
        "reduce_lr_patience",
        "reduce_lr_factor",
        "min_learning_rate",
        "on_bad_record",
        "threads",
        "loader",
        "loader_options",
        "accumulate",
        "checkpoint_minutes",
        "checkpoint_steps",
        "tensorboard",
        "mlflow",
        "devices",
        "hosts",
        "host_index",
        "coordinator",
    }
)
"""Options that may change when a run is resumed."""

HOST_LOCAL_OPTIONS = frozenset(
    {
        "dataset",
        "output",
        "loader",
        "loader_options",
        "weights",
        "start_from",
        "teacher",
        "class_weights",
        "threads",
        "host_index",
        "coordinator",
    }
)
"""Options that may differ between the hosts of a training: mostly paths."""


def train(
    config: TrainingConfig,
    plugins: Plugins,
    reporter: Reporter,
    *,
    overwrite: bool = False,
    source_run: RunInfo | None = None,
    callbacks: Sequence[Callback] = (),
) -> TrainingResult:
    """Train a network and write a run folder.

    `source_run`: run.json of the run that the options come from, if any. `callbacks`: called beside
    those that the options ask for, on the main host. Raises CtcError if
    something is missing or the output exists, before anything is written; and if the loss is not
    finite.
    """
    run = Run(Path(config.output).absolute())
    if not config.topology.is_main:
        return _run_worker(resolve_plan(config, plugins), run, reporter)
    check_output(config, resume=False, overwrite=overwrite)
    with _guarded(run, reporter):
        check_output(config, resume=False, overwrite=overwrite)
        plan = resolve_plan(config, plugins)
        if source_run:
            _compare_datasets(plan, source_run, reporter)
        with new_run(run, make_run_info(plan)):
            return _run_training(plan, run, reporter, callbacks)


def resume(
    config: TrainingConfig,
    plugins: Plugins,
    reporter: Reporter,
    *,
    callbacks: Sequence[Callback] = (),
) -> TrainingResult:
    """Resume the training in the run folder `config.output` from its newest checkpoint.

    `callbacks`: as in `train`. Raises UsageError if that folder is not a run, the dataset is
    another one, or an option outside CHANGEABLE_ON_RESUME has changed.
    """
    run = Run(Path(config.output))
    previous, info = read_config(run.folder)
    plan = resolve_plan(config, plugins, None if Checkpoints(run.checkpoints).is_empty else info)
    _check_unchanged(previous, plan.config)
    if plan.dataset.fingerprint() != info.dataset["fingerprint"]:
        raise UsageError(
            f"'{plan.dataset.display_path}' is not the dataset of '{run.folder}': "
            "use that one, or start a new run"
        )
    if make_run_info(plan).teacher.get("digest") != info.teacher.get("digest"):
        known = info.teacher.get("path")
        raise UsageError(
            f"'{run.folder}' was started with "
            + (f"the teacher '{known}': give that file with --teacher" if known else "no teacher")
            + ", or start a new run"
        )
    if not config.topology.is_main:
        return _run_worker(plan, run, reporter)
    with _guarded(run, reporter):
        remove_partial(run)
        with explain_disk_errors(run):
            run.write(make_run_info(plan))
        return _run_training(plan, run, reporter, callbacks)


@contextmanager
def _guarded(run: Run, reporter: Reporter) -> Iterator[None]:
    """Keep other trainings out of the run folder; say what to do if the block is interrupted."""
    with (
        hint_if_interrupted(reporter, lambda: resume_hint(run)),
        lock_run(run),
        explain_memory_error(),
    ):
        yield


def _run_worker(plan: TrainingPlan, run: Run, reporter: Reporter) -> TrainingResult:
    topology = plan.config.topology
    reporter.info(
        f"host {topology.index} of {topology.hosts}; host 0 writes '{run.folder}' and logs progress"
    )
    return _run_training(plan, run, NullReporter())


def _run_training(
    plan: TrainingPlan, run: Run, reporter: Reporter, callbacks: Sequence[Callback] = ()
) -> TrainingResult:
    if plan.config.deterministic:
        make_deterministic()
    _check_hosts_agree(plan)

    def on_forced_exit() -> None:
        reporter.info(
            f"interrupted in the middle of a long step; resume with: {resume_command(run)}"
        )

    with plan.config.topology.scope(), InterruptHandler(on_forced_exit) as interrupt:
        trainer = Trainer(plan, run, reporter, interrupt, callbacks)
        if not trainer.is_finished:
            _log_header(plan, reporter)
        return trainer.fit()


def _log_header(plan: TrainingPlan, reporter: Reporter) -> None:
    size = f"{plan.preprocessing.height}×{plan.preprocessing.width}"
    reason = f" ({plan.loader_reason})" if plan.loader_reason else ""
    reporter.info(
        f"training '{plan.backbone.name}' at {size} on "
        f"{counted(plan.dataset.event_count(TRAIN), 'event')} of '{plan.dataset.display_path}' "
        f"with the loader '{plan.loader.name}'{reason}"
    )
    if plan.teacher:
        untaught = [f"'{name}'" for name in plan.class_counts if name not in plan.teacher.columns]
        reporter.info(
            f"taught by '{plan.teacher.model.path}', which has "
            + ", ".join(f"'{name}'" for name in plan.teacher.columns)
            + (f" and not {', '.join(untaught)}" if untaught else "")
        )
    if plan.batch_reason:
        reporter.info(f"batches of {plan.batches.batch_size}, chosen {plan.batch_reason}")
    for warning in plan_warnings(plan):
        reporter.warn(warning)
    if not plan.has_split(VALIDATION):
        reporter.info(f"there is no split '{VALIDATION}': early stopping uses the training loss")


def _check_hosts_agree(plan: TrainingPlan) -> None:
    shared = {
        name: value
        for name, value in plan.config.to_json().items()
        if name not in HOST_LOCAL_OPTIONS
    }
    shared["dataset"] = plan.dataset.fingerprint()
    checksum = np.uint32(crc32(json.dumps(shared, sort_keys=True).encode()))
    if len(set(plan.config.topology.all_gather(checksum).tolist())) > 1:
        raise UsageError(
            "hosts have different options or datasets: give each the same, except for --host-index"
        )


def _compare_datasets(plan: TrainingPlan, source_run: RunInfo, reporter: Reporter) -> None:
    known, output = source_run.dataset, source_run.config["output"]
    if known["path"] == plan.config.dataset and known["fingerprint"] != plan.dataset.fingerprint():
        reporter.warn(
            f"'{known['path']}' has changed since '{output}' was trained on it: "
            "the results will differ"
        )


def _check_unchanged(previous: TrainingConfig, requested: TrainingConfig) -> None:
    for option in fields(TrainingConfig):
        old, new = getattr(previous, option.name), getattr(requested, option.name)
        if option.name not in CHANGEABLE_ON_RESUME and option.name != "output" and old != new:
            raise UsageError(
                f"'{requested.output}' was started with {old!r} as '{option.name}', not {new!r}: "
                f"leave that option out, or start a new run with --config '{requested.output}'"
            )
