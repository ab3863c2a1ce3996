"""A training begins, or goes on."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from zlib import crc32

import numpy as np

from ctc.artifacts.dataset import MULTIPLE_OBSERVATIONS
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import UsageError
from ctc.plugin.manager import Plugins
from ctc.reporting import NullReporter, Reporter
from ctc.training.config import TrainingConfig, read_config
from ctc.training.distributed.backend import make_deterministic
from ctc.training.plan import TRAIN, VALIDATION, TrainingPlan, resolve_plan
from ctc.training.run_folder import check_output, make_run_info, new_run, remove_partial
from ctc.training.trainer.checkpoints import Checkpoints
from ctc.training.trainer.trainer import Trainer, TrainingResult

CHANGEABLE_ON_RESUME = frozenset(
    {
        *(
            "dataset",
            "epochs",
            "learning_rate",
            "early_stopping_patience",
            "reduce_lr_patience",
            "reduce_lr_factor",
        ),
        *(
            "min_learning_rate",
            "on_bad_record",
            "threads",
            "loader",
            "accumulate",
            "checkpoint_minutes",
        ),
        *("checkpoint_steps", "tensorboard", "mlflow"),
        *("devices", "hosts", "host_index", "coordinator"),
    }
)
"""Options that may differ when a training goes on."""

HOST_LOCAL_OPTIONS = frozenset(
    {
        "dataset",
        "output",
        "loader",
        "weights",
        "start_from",
        "class_weights",
        "threads",
        "host_index",
        "coordinator",
    }
)
"""Options that each host may have its own of: mostly paths."""


def train(
    config: TrainingConfig,
    plugins: Plugins,
    reporter: Reporter,
    *,
    overwrite: bool = False,
    source_run: RunInfo | None = None,
) -> TrainingResult:
    """Train as `config` says and leave a run folder. `source_run`: the run that the options come
    from, if any.

    Raises CtcError, before anything is written, when something asked for isn't there or the output
    is; and when the loss overflows."""
    plan = resolve_plan(config, plugins)
    run = Run(Path(plan.config.output))
    if not config.topology.is_main:
        return _run_worker(plan, run, reporter)
    check_output(run, overwrite)
    if source_run:
        _compare_datasets(plan, source_run, reporter)
    with new_run(run, make_run_info(plan)):
        return _run_training(plan, run, reporter)


def resume(config: TrainingConfig, plugins: Plugins, reporter: Reporter) -> TrainingResult:
    """Take up the training in the run folder `config.output`, at its newest checkpoint, and bring
    it to its end.

    Raises UsageError when that folder is no run, the dataset is another one, or an option outside
    MAY_CHANGE is not what it was."""
    run = Run(Path(config.output))
    began, info = read_config(run.folder)
    plan = resolve_plan(config, plugins, None if Checkpoints(run.checkpoints).is_empty else info)
    _check_unchanged(began, plan.config)
    if plan.dataset.fingerprint() != info.dataset["fingerprint"]:
        raise UsageError(
            f"'{plan.dataset.display_path}' is not the dataset that '{run.folder}' began with: start a new run"
        )
    if not config.topology.is_main:
        return _run_worker(plan, run, reporter)
    remove_partial(run)
    run.write(make_run_info(plan))
    return _run_training(plan, run, reporter)


def _run_worker(plan: TrainingPlan, run: Run, reporter: Reporter) -> TrainingResult:
    where = plan.config.topology
    reporter.info(
        f"host {where.index} of {where.hosts}; host 0 writes '{run.folder}' and tells how it goes"
    )
    return _run_training(plan, run, NullReporter())


def _run_training(plan: TrainingPlan, run: Run, reporter: Reporter) -> TrainingResult:
    if plan.config.deterministic:
        make_deterministic()
    _check_hosts_agree(plan)
    _log_header(plan, reporter)
    with plan.config.topology.scope():
        return Trainer(plan, run, reporter).fit()


def _log_header(plan: TrainingPlan, reporter: Reporter) -> None:
    size = f"{plan.preprocessing.height}×{plan.preprocessing.width}"
    reporter.info(
        f"training '{plan.backbone.name}' at {size} on {plan.dataset.event_count(TRAIN):,} events of '{plan.dataset.display_path}', "
        f"fed by the loader '{plan.loader.name}'"
        + (f" ({plan.loader_reason})" if plan.loader_reason else "")
    )
    several = plan.dataset.manifest.left_out.get("events", {}).get(MULTIPLE_OBSERVATIONS)
    if plan.config.multi_label and several:
        reporter.warn(
            f"'{plan.dataset.display_path}' was made without {several:,} events of several observations, which --multi-label learns from: "
            "build it with --keep-multi-observation"
        )
    if not plan.has_split(VALIDATION):
        reporter.info(f"there is no split '{VALIDATION}': early stopping goes by the training loss")


def _check_hosts_agree(plan: TrainingPlan) -> None:
    told = {
        name: value
        for name, value in plan.config.to_json().items()
        if name not in HOST_LOCAL_OPTIONS
    }
    told["dataset"] = plan.dataset.fingerprint()
    sums = plan.config.topology.all_gather(
        np.uint32(crc32(json.dumps(told, sort_keys=True).encode()))
    )
    if len(set(sums.tolist())) > 1:
        raise UsageError(
            "the hosts were told different things: give each the same dataset and options, but for --host-index"
        )


def _compare_datasets(plan: TrainingPlan, source_run: RunInfo, reporter: Reporter) -> None:
    known, output = source_run.dataset, source_run.config["output"]
    if known["path"] == plan.config.dataset and known["fingerprint"] != plan.dataset.fingerprint():
        reporter.warn(
            f"'{known['path']}' has changed since '{output}' was trained on it: the outcome will differ"
        )


def _check_unchanged(previous: TrainingConfig, requested: TrainingConfig) -> None:
    for option in fields(TrainingConfig):
        was, now = getattr(previous, option.name), getattr(requested, option.name)
        if option.name not in CHANGEABLE_ON_RESUME and option.name != "output" and was != now:
            raise UsageError(
                f"'{requested.output}' began with {was!r} as '{option.name}', not {now!r}: leave that option out, or start a new run with "
                f"--config '{requested.output}'"
            )
