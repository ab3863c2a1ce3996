"""Suggestions for options that a command does not have."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ctc.errors import closest_name

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "bs": ("batch-size",),
    "conf": ("threshold",),
    "confidence": ("threshold",),
    "device": ("provider",),
    "force": ("overwrite",),
    "gpu": ("provider",),
    "imgsz": ("height",),
    "jobs": ("threads", "workers"),
    "lr": ("learning-rate",),
    "num-workers": ("workers", "threads"),
    "o": ("output",),
    "out-dir": ("output",),
    "patience": ("early-stopping-patience",),
    "size": ("height",),
}
"""Names that other programs use, with ours, the most fitting first."""


def suggest_option(name: str, context: click.Context | None) -> str:
    """Return `: did you mean '--threshold'?` for an unknown option, or '' if none is close.

    `name`: the option as given, with its dashes. `context`: that of the command.
    """
    known = _option_names(context)
    given = name.lstrip("-").replace("_", "-").lower()
    synonyms = [ours for ours in SYNONYMS.get(given, ()) if ours in known]
    meant = synonyms[0] if synonyms else closest_name(given, known)
    return f": did you mean '--{meant}'?" if meant else ""


def _option_names(context: click.Context | None) -> list[str]:
    """Return the long options of the command, without their dashes."""
    if context is None:
        return []
    return [
        option.removeprefix("--")
        for parameter in context.command.get_params(context)
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    ]
