"""What `ctc train --dry-run` says."""

from __future__ import annotations

import click

from ctc.cli.console.formatting import format_bytes
from ctc.plugin.manager import plugins
from ctc.training.config import TrainingConfig
from ctc.training.dry_run import estimate_resources
from ctc.training.plan import TEST, TRAIN, VALIDATION, TrainingPlan, resolve_plan


def print_dry_run(config: TrainingConfig) -> None:
    """On stdout. Raises CtcError as the training would."""
    plan = resolve_plan(config, plugins())
    found = estimate_resources(plan)
    size = f"{plan.preprocessing.height}×{plan.preprocessing.width}"
    reason = f" ({plan.loader_reason})" if plan.loader_reason else ""
    parts = f" in {plan.config.accumulate} parts" if plan.config.accumulate > 1 else ""
    steps, epochs = found.steps, plan.config.epochs
    for name, text in (
        (
            "network",
            f"{plan.backbone.name} at {size}: {found.parameters:,} parameters, {found.trainable:,} of them learn",
        ),
        (
            "labels",
            ", ".join(
                f"{label} ({classes} classes)" for label, classes in plan.class_counts.items()
            ),
        ),
        ("dataset", _format_splits(plan)),
        ("loader", f"{plan.loader.name}, {plan.threads} thread(s){reason}"),
        (
            "steps",
            f"{steps:,} of {found.photos_per_step} photos{parts} an epoch, {epochs} epochs at most: {steps * epochs:,}",
        ),
        (
            "memory",
            f"{format_bytes(found.state_bytes)} for weights and optimizer, at most {format_bytes(found.activation_bytes)} for a batch",
        ),
    ):
        click.echo(f"{name:<9}{text}")


def _format_splits(plan: TrainingPlan) -> str:
    splits = [split for split in (TRAIN, VALIDATION, TEST) if split in plan.dataset.manifest.splits]
    return ", ".join(f"{split} {plan.dataset.event_count(split):,} events" for split in splits)
