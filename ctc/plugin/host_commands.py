"""The commands that take options of plugins, with their own options, which plugins can't have.

Tests compare this list with the commands.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostCommand:
    """A command with the options of the plugins of some kinds.

    `own_options`: its own, without dashes in front. `shared`: the options of all records of these
    kinds are there at once; else the command is for one record.
    """

    name: str
    kinds: tuple[str, ...]
    own_options: frozenset[str]
    shared: bool = True


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


HOST_COMMANDS = (
    HostCommand(
        "predict",
        ("output format", "engine", "aggregation"),
        _names(
            """
            aggregation aggregation-options batch-size class-list classes config dry-run engine
            engine-options event-id events-within format format-options help image image-folder
            image-root images log-json max-failures model no-header output overwrite precision
            provider quiet resume shard show-config sources threads threshold truncated verbose
            where
            """
        ),
    ),
    HostCommand(
        "merge",
        ("output format",),
        _names(
            """
            config format format-options help log-json output overwrite parts quiet show-config
            verbose
            """
        ),
    ),
    HostCommand(
        "dataset",
        ("engine",),
        _names(
            """
            balance config crop-box dry-run engine engine-options events-per-shard group-by help
            image-root inventory keep keep-multi-observation log-json max-failures output overwrite
            quality quiet remove resume seed show-config smallest-side split split-by splits
            up-sample up-sample-limit verbose workers
            """
        ),
    ),
    HostCommand(
        "dataset preview",
        ("loader",),
        _names(
            """
            color columns config crop dataset flip help loader loader-name loader-options log-json
            no-flip output overwrite quiet resize rotate rows seed show-config size split stack
            verbose zoom
            """
        ),
    ),
    HostCommand(
        "train",
        ("backbone", "loader"),
        _names(
            """
            accumulate backbone backbone-options batch-size checkpoint-minutes checkpoint-steps
            class-weights clip-norm color config coordinator crop dataset deterministic devices
            dry-run early-stopping-patience epochs flip freeze from head-epochs height help
            host-index hosts image-choice label label-smoothing label-weight label-weights labels
            learning-rate loader loader-options log-json loss min-learning-rate mixed-precision
            mlflow multi-label no-deterministic no-flip no-mlflow no-tensorboard observation
            on-bad-record optimizer output overwrite quiet reduce-lr-factor reduce-lr-patience
            resize resume rotate sampling sampling-label schedule seed show-config start-from
            steps-per-epoch tensorboard threads transfer verbose warmup-epochs weight-decay weights
            width zoom
            """
        ),
    ),
    HostCommand(
        "evaluate",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options batch-size config dataset excel explain help image-root
            licence location log-json output overwrite provider quiet run show-config source split
            threads thumbnails truth truth-label truth-labels verbose
            """
        ),
    ),
    HostCommand(
        "calibrate",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options batch-size confidence config dataset-folder help
            location log-json method model-file output overwrite precision provider quiet
            show-config split threads truth-label truth-labels verbose
            """
        ),
    ),
    HostCommand(
        "report",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options config help image-root location log-json output
            overwrite predictions quiet show-config thumbnails verbose
            """
        ),
    ),
    HostCommand(
        "serve",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options allowed-host allowed-hosts batch-size batch-wait
            class-list classes config grace help host log-format log-json max-body max-held
            max-photos max-pixels models port precision provider queue quiet reload show-config
            threads threshold timeout token-file truncated verbose
            """
        ),
    ),
    HostCommand(
        "inventory FORMAT",
        ("input format",),
        _names(
            """
            config discard-missing events-within help ignore-case image-root location-from log-json
            output overwrite quiet relabel show-config source time-format time-from time-from-exif
            time-from-mtime verbose
            """
        ),
        shared=False,
    ),
)
