"""What `ctc train --dry-run` says."""

from __future__ import annotations

import click

from ctc.cli.console.formatting import in_bytes
from ctc.plugin.manager import plugins
from ctc.training.config import TrainingConfig
from ctc.training.dry_run import forecast
from ctc.training.plan import TEST, TRAIN, VALIDATION, Plan, prepare


def show_forecast(config: TrainingConfig) -> None:
    """On stdout. Raises CtcError as the training would."""
    plan = prepare(config, plugins())
    found = forecast(plan)
    size = f"{plan.preprocessing.height}×{plan.preprocessing.width}"
    reason = f" ({plan.loader_reason})" if plan.loader_reason else ""
    parts = f" in {plan.config.accumulate} parts" if plan.config.accumulate > 1 else ""
    steps, epochs = found.steps, plan.config.epochs
    for name, text in (
        (
            "network",
            f"{plan.backbone.name} at {size}: {found.parameters:,} parameters, {found.learning:,} of them learn",
        ),
        ("labels", ", ".join(f"{label} ({classes} classes)" for label, classes in plan.class_counts.items())),
        ("dataset", _events(plan)),
        ("loader", f"{plan.loader.name}, {plan.threads} thread(s){reason}"),
        ("steps", f"{steps:,} of {found.photos} photos{parts} an epoch, {epochs} epochs at most: {steps * epochs:,}"),
        (
            "memory",
            f"{in_bytes(found.state)} for weights and optimizer, at most {in_bytes(found.activations)} for a batch",
        ),
    ):
        click.echo(f"{name:<9}{text}")


def _events(plan: Plan) -> str:
    splits = [split for split in (TRAIN, VALIDATION, TEST) if split in plan.dataset.manifest.splits]
    return ", ".join(f"{split} {plan.dataset.events(split):,} events" for split in splits)
