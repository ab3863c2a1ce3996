"""A training begins, or goes on."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from zlib import crc32

import numpy as np

from ctc.artifacts.dataset import SEVERAL
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import UsageError
from ctc.plugin.manager import Plugins
from ctc.training.config import TrainingConfig, read_config
from ctc.training.distributed.backend import make_deterministic
from ctc.training.plan import TRAIN, VALIDATION, Plan, prepare
from ctc.training.reporter import Narration, Silence
from ctc.training.run_folder import check_output, describe, new_run, remove_partial
from ctc.training.trainer.checkpoints import Checkpoints
from ctc.training.trainer.trainer import Training, TrainingResult

MAY_CHANGE = frozenset(
    {
        *("dataset", "epochs", "learning_rate", "early_stopping_patience", "reduce_lr_patience", "reduce_lr_factor"),
        *("min_learning_rate", "on_bad_record", "threads", "loader", "accumulate", "checkpoint_minutes"),
        *("checkpoint_steps", "tensorboard", "mlflow"),
        *("devices", "hosts", "host_index", "coordinator"),
    }
)
"""Options that may differ when a training goes on."""

OWN = frozenset(
    {"dataset", "output", "loader", "weights", "start_from", "class_weights", "threads", "host_index", "coordinator"}
)
"""Options that each host may have its own of: mostly paths."""


def train(
    config: TrainingConfig,
    plugins: Plugins,
    narration: Narration,
    *,
    overwrite: bool = False,
    repeats: RunInfo | None = None,
) -> TrainingResult:
    """Train as `config` says and leave a run folder. `repeats`: the run that the options come from, if any.

    Raises CtcError, before anything is written, when something asked for isn't there or the output is; and when the loss overflows.
    """
    plan = prepare(config, plugins)
    run = Run(Path(plan.config.output))
    if not config.where.first:
        return _follow(plan, run, narration)
    check_output(run, overwrite)
    if repeats:
        _compare_datasets(plan, repeats, narration)
    with new_run(run, describe(plan)):
        return _go(plan, run, narration)


def resume(config: TrainingConfig, plugins: Plugins, narration: Narration) -> TrainingResult:
    """Take up the training in the run folder `config.output`, at its newest checkpoint, and bring it to its end.

    Raises UsageError when that folder is no run, the dataset is another one, or an option outside MAY_CHANGE is not what it was.
    """
    run = Run(Path(config.output))
    began, info = read_config(run.folder)
    plan = prepare(config, plugins, None if Checkpoints(run.checkpoints).empty else info)
    _check_unchanged(began, plan.config)
    if plan.dataset.fingerprint() != info.dataset["fingerprint"]:
        raise UsageError(f"'{plan.dataset.place}' is not the dataset that '{run.folder}' began with: start a new run")
    if not config.where.first:
        return _follow(plan, run, narration)
    remove_partial(run)
    run.write(describe(plan))
    return _go(plan, run, narration)


def _follow(plan: Plan, run: Run, narration: Narration) -> TrainingResult:
    where = plan.config.where
    narration.say(f"host {where.index} of {where.hosts}; host 0 writes '{run.folder}' and tells how it goes")
    return _go(plan, run, Silence())


def _go(plan: Plan, run: Run, narration: Narration) -> TrainingResult:
    if plan.config.deterministic:
        make_deterministic()
    _check_alike(plan)
    _introduce(plan, narration)
    with plan.config.where.in_use():
        return Training(plan, run, narration).go()


def _introduce(plan: Plan, narration: Narration) -> None:
    size = f"{plan.preprocessing.height}×{plan.preprocessing.width}"
    narration.say(
        f"training '{plan.backbone.name}' at {size} on {plan.dataset.events(TRAIN):,} events of '{plan.dataset.place}', "
        f"fed by the loader '{plan.loader.name}'" + (f" ({plan.loader_reason})" if plan.loader_reason else "")
    )
    several = plan.dataset.manifest.left_out.get("events", {}).get(SEVERAL)
    if plan.config.multi_label and several:
        narration.warn(
            f"'{plan.dataset.place}' was made without {several:,} events of several observations, which --multi-label learns from: "
            "build it with --keep-multi-observation"
        )
    if not plan.has(VALIDATION):
        narration.say(f"there is no split '{VALIDATION}': early stopping goes by the training loss")


def _check_alike(plan: Plan) -> None:
    told = {name: value for name, value in plan.config.to_json().items() if name not in OWN}
    told["dataset"] = plan.dataset.fingerprint()
    sums = plan.config.where.gathered(np.uint32(crc32(json.dumps(told, sort_keys=True).encode())))
    if len(set(sums.tolist())) > 1:
        raise UsageError(
            "the hosts were told different things: give each the same dataset and options, but for --host-index"
        )


def _compare_datasets(plan: Plan, repeats: RunInfo, narration: Narration) -> None:
    known, output = repeats.dataset, repeats.config["output"]
    if known["path"] == plan.config.dataset and known["fingerprint"] != plan.dataset.fingerprint():
        narration.warn(f"'{known['path']}' has changed since '{output}' was trained on it: the outcome will differ")


def _check_unchanged(began: TrainingConfig, asked: TrainingConfig) -> None:
    for option in fields(TrainingConfig):
        was, now = getattr(began, option.name), getattr(asked, option.name)
        if option.name not in MAY_CHANGE and option.name != "output" and was != now:
            raise UsageError(
                f"'{asked.output}' began with {was!r} as '{option.name}', not {now!r}: leave that option out, or start a new run with "
                f"--config '{asked.output}'"
            )
