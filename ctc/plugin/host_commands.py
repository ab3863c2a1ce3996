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
            aggregation aggregation-options batch-size cascade class-list classes clock-offset
            config country country-column decode detector drop-blanks dry-run engine engine-options
            event-id events-within flips format format-options frame-rate frames frames-by geofence
            help image image-folder image-root images iou log-json max-failures min-confidence model
            no-header no-strangers output overlap overwrite precision prior prior-by provider quiet
            region-column repeats resume roll-up sets shard show-config sources strangers threads
            threshold tiles truncated update verbose where
            """
        ),
    ),
    HostCommand(
        "detect",
        ("engine",),
        _names(
            """
            batch-size clock-offset config detector dry-run engine engine-options event-id
            events-within format frame-rate frames frames-by help image image-folder image-root
            images iou log-json max-failures min-confidence no-header output overlap overwrite
            precision provider quiet repeats resume shard show-config sources threads tiles
            truncated update verbose where
            """
        ),
    ),
    HostCommand(
        "embed",
        ("engine",),
        _names(
            """
            batch-size clock-offset config decode detector dry-run engine engine-options event-id
            events-within frame-rate frames frames-by help image image-folder image-root images iou
            log-json max-failures min-confidence model no-header output overlap overwrite precision
            provider quiet repeats resume shard show-config sources threads tiles truncated update
            verbose where
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
            balance config crop-box crops dry-run engine engine-options events-per-shard group-by
            help image-root inventory keep keep-multi-observation log-json max-failures output
            overwrite quality quiet remove resume seed show-config smallest-side split split-by
            splits up-sample up-sample-limit verbose without-box workers
            """
        ),
    ),
    HostCommand(
        "dataset preview",
        ("loader",),
        _names(
            """
            color columns config crop dataset flip help loader loader-name loader-options log-json
            no-flip output overwrite quiet randaugment randaugment-magnitude random-erasing resize
            rotate rows seed show-config size split stack verbose zoom
            """
        ),
    ),
    HostCommand(
        "train",
        ("backbone", "loader"),
        _names(
            """
            accumulate backbone backbone-options batch-size checkpoint-minutes checkpoint-steps
            class-weights clip-norm color config coordinator crop cutmix dataset deterministic
            devices dry-run early-stopping-patience ema epochs flip freeze from head-epochs height
            help host-index hosts image-choice label label-smoothing label-weight label-weights
            labels layer-decay learning-rate loader loader-options log-json logit-adjustment loss
            min-learning-rate mixed-precision mixup mlflow multi-label no-deterministic no-flip
            no-mlflow no-tensorboard observation on-bad-record optimizer output overwrite quiet
            randaugment randaugment-magnitude random-erasing reduce-lr-factor reduce-lr-patience
            resize resume rotate sampling sampling-label schedule seed show-config start-from
            steps-per-epoch teacher teacher-temperature teacher-weight tensorboard threads transfer
            verbose warmup-epochs weight-decay weights width zoom
            """
        ),
    ),
    HostCommand(
        "tune",
        ("backbone", "loader"),
        _names(
            """
            accumulate backbone backbone-options batch-size checkpoint-minutes checkpoint-steps
            class-weights clip-norm color config crop cutmix dataset deterministic
            early-stopping-patience ema epochs flip freeze from head-epochs height help image-choice
            label label-smoothing label-weight label-weights labels layer-decay learning-rate loader
            loader-options log-json logit-adjustment loss min-learning-rate mixed-precision mixup
            mlflow multi-label no-deterministic no-flip no-mlflow no-tensorboard observation
            on-bad-record optimizer output quiet randaugment randaugment-magnitude random-erasing
            reduce-lr-factor reduce-lr-patience resize rotate sampling sampling-label schedule
            search searched seed show-config start-from steps-per-epoch teacher teacher-temperature
            teacher-weight tensorboard threads transfer trials verbose warmup-epochs weight-decay
            weights width zoom
            """
        ),
    ),
    HostCommand(
        "probe",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options batch-size cache class-weights config dataset-folder
            draws false-alarms features-file help label labels location log-json multi-label
            no-strangers output overwrite provider quiet seed shots show-config strangers threads
            verbose view views
            """
        ),
    ),
    HostCommand(
        "evaluate",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options batch-size config dataset detector excel explain flips
            help image-root iou licence location log-json min-confidence output overlap overwrite
            provider quiet run show-config source split taxonomy threads thumbnails tiles truth
            truth-label truth-labels verbose
            """
        ),
    ),
    HostCommand(
        "calibrate",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options batch-size blank-loss cascade confidence config
            dataset-folder detector false-alarms flips help iou joint location log-json method
            min-confidence model-file no-pooling no-strangers output overlap overwrite pooling
            precision promise-for provider quiet show-config split strangers taxonomy threads tiles
            truth-label truth-labels verbose
            """
        ),
    ),
    HostCommand(
        "report",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options animals-lost audit-animals-lost audit-confidence
            audit-precision confidence config help image-root location log-json output overwrite
            precision predictions quiet show-config store thumbnails verbose
            """
        ),
    ),
    HostCommand(
        "review",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options allowed-host allowed-hosts animals-lost
            audit-animals-lost audit-confidence audit-precision confidence config embeddings help
            host label labels location log-json no-browser photos port precision predictions quiet
            reviewer role show-config store taxonomy thumbnail-cache token-file truth truth-label
            truth-labels verbose
            """
        ),
    ),
    HostCommand(
        "review export",
        ("output format",),
        _names(
            """
            classifier config consensus format format-options help log-json only-reviewed output
            overwrite quiet show-config store verbose with-gone
            """
        ),
    ),
    HostCommand(
        "serve",
        ("aggregation",),
        _names(
            """
            aggregation aggregation-options allowed-host allowed-hosts batch-size batch-wait
            class-list classes config detector frame-rate frames frames-by grace help host iou
            log-format log-json max-body max-held max-photos max-pixels min-confidence models
            no-strangers overlap port precision provider queue quiet reload show-config store
            strangers threads threshold tiles timeout token-file truncated verbose
            """
        ),
    ),
    HostCommand(
        "inventory FORMAT",
        ("input format",),
        _names(
            """
            camera-data clock-offset config discard-missing events-by-sequence events-within
            frame-rate frames frames-by help ignore-case image-root location-from log-json output
            overwrite quiet relabel show-config source time-format time-from time-from-exif
            time-from-mtime time-zone verbose
            """
        ),
        shared=False,
    ),
)
