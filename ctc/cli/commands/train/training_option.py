"""The option class of `ctc train`: its defaults are those of TrainingConfig."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import partial
from typing import Any

import click

from ctc.cli.options.option import CommandOption


class TrainingOption(CommandOption):
    """An option named after a field of TrainingConfig, with the default of the field.

    Its own default is None, so that a value that is given can be told from one that is not.
    """

    def fallback(self) -> Any:
        """Return the default of the field, or None when the field has none."""
        from ctc.training.config import TrainingConfig

        (default,) = (field.default for field in fields(TrainingConfig) if field.name == self.name)
        return None if default is MISSING else default

    def default_text(self) -> str | None:
        """Return the default of the field, or how a value of None is chosen."""
        return super().default_text() or _derived_defaults().get(self.name or "")


option = partial(click.option, cls=TrainingOption)
"""`click.option` for a TrainingOption."""


def _derived_defaults() -> dict[str, str]:
    """Describe the values that depend on another option, as `TrainingConfig.resolve` sets them."""
    from ctc.training import config

    return {
        "learning_rate": _by_choice(config.DEFAULT_LEARNING_RATE),
        "weight_decay": _by_choice(config.DEFAULT_WEIGHT_DECAY),
        "warmup_epochs": _by_choice(config.DEFAULT_WARMUP_EPOCHS),
        "early_stopping_patience": "plateau: twice --reduce-lr-patience, cosine: never stop early",
    }


def _by_choice(values: Mapping[Any, float]) -> str:
    return ", ".join(f"{choice} {value:g}" for choice, value in values.items())
