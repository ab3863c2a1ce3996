"""Output of `ctc train --dry-run`."""

from __future__ import annotations

import math
from datetime import timedelta

import click

from ctc.artifacts.dataset import TEST, TRAIN, VALIDATION
from ctc.cli.console.console import warn
from ctc.cli.console.formatting import format_bytes
from ctc.plugin.manager import plugins
from ctc.reporting import counted
from ctc.training.config import TrainingConfig
from ctc.training.dry_run import ResourceEstimate, estimate_resources
from ctc.training.plan import TrainingPlan, resolve_plan
from ctc.training.plan_warnings import plan_warnings


def print_dry_run(config: TrainingConfig) -> None:
    """Print the plan of a training on stdout. Raises CtcError as the training would."""
    plan = resolve_plan(config, plugins())
    for warning in plan_warnings(plan):
        warn(warning)
    estimate = estimate_resources(plan)
    for name, text in (
        ("network", _format_network(plan, estimate)),
        ("labels", _format_labels(plan)),
        ("dataset", _format_splits(plan)),
        ("loader", _format_loader(plan)),
        ("steps", _format_steps(plan, estimate)),
        ("memory", _format_memory(estimate)),
        ("time", _format_time(plan, estimate)),
    ):
        click.echo(f"{name:<9}{text}")


def _format_network(plan: TrainingPlan, estimate: ResourceEstimate) -> str:
    size = f"{plan.preprocessing.height}×{plan.preprocessing.width}"
    return (
        f"{plan.backbone.name} at {size}: {estimate.parameters:,} parameters, "
        f"{estimate.trainable:,} trainable"
    )


def _format_labels(plan: TrainingPlan) -> str:
    return ", ".join(
        f"{label} ({counted(classes, 'class', 'classes')})"
        for label, classes in plan.class_counts.items()
    )


def _format_loader(plan: TrainingPlan) -> str:
    reason = f" ({plan.loader_reason})" if plan.loader_reason else ""
    return f"{plan.loader.name}, {counted(plan.threads, 'thread')}{reason}"


def _format_steps(plan: TrainingPlan, estimate: ResourceEstimate) -> str:
    accumulate, steps, epochs = plan.config.accumulate, estimate.steps, plan.config.epochs
    parts = f" in {accumulate} micro-batches" if accumulate > 1 else ""
    reason = f" (chosen {plan.batch_reason})" if plan.batch_reason else ""
    photos = f"{counted(estimate.photos_per_step, 'photo')}{parts}{reason}"
    return (
        f"{steps:,} per epoch, each of {photos}; "
        f"at most {counted(epochs, 'epoch')}: {counted(steps * epochs, 'step')}"
    )


def _format_time(plan: TrainingPlan, estimate: ResourceEstimate) -> str:
    if estimate.epoch_seconds is None:
        return "not measured: it needs a single device, and a step that fits into its memory"
    epoch, total = (
        timedelta(seconds=math.ceil(estimate.epoch_seconds * epochs))
        for epochs in (1, plan.config.epochs)
    )
    return f"about {epoch} per epoch with validation, measured in a few steps; at most {total}"


def _format_memory(estimate: ResourceEstimate) -> str:
    return (
        f"{format_bytes(estimate.state_bytes)} for weights and optimizer, "
        f"at most {format_bytes(estimate.activation_bytes)} for a batch"
    )


def _format_splits(plan: TrainingPlan) -> str:
    splits = [split for split in (TRAIN, VALIDATION, TEST) if split in plan.dataset.manifest.splits]
    return ", ".join(
        f"{split} {counted(plan.dataset.event_count(split), 'event')}" for split in splits
    )
