"""Figures and sentences of summary.html."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

from ctc.ecology.intervals import Figure
from ctc.reporting import counted

_OPTION = re.compile(r"--[a-z][a-z-]*[a-z]")
_SPECIES = re.compile(r"[A-Z][a-z]+ [a-z]")
_TAXON = re.compile(r"[A-Z][a-z]+")
_LISTED = 5
_RANGE = "\N{EN DASH}\N{WORD JOINER}"


def format_figure(figure: Figure, digits: int = 3) -> str:
    """Return `12.3 (10.1–15)`."""
    value = _round(figure.value, digits)
    if not figure.low < figure.high:
        return value
    return f"{value} ({_round(figure.low, digits)}{_RANGE}{_round(figure.high, digits)})"


def format_rate(figure: Figure, unit: str) -> str:
    """Return `12.3 (10.1–15)`, and `12.3 (too few stations)` where the interval tells nothing."""
    if figure.is_too_wide:
        return f"{_round(figure.value, 3)} (too few {unit}s)"
    return format_figure(figure)


def mark_options(text: str) -> Markup:
    """Return a text whose options, such as `--time-zone`, don't break over lines."""
    return Markup(_OPTION.sub(r"<code>\g<0></code>", str(escape(text))))


def format_share(figure: Figure) -> str:
    """Return `25 % (10–50 %)`."""
    if figure.value != figure.value:
        return "–"
    low, high = f"{100 * figure.low:.0f}", f"{100 * figure.high:.0f}"
    return f"{100 * figure.value:.0f}\N{NO-BREAK SPACE}% ({low}{_RANGE}{high}\N{NO-BREAK SPACE}%)"


def _round(value: float, digits: int) -> str:
    if not np.isfinite(value):
        return "–" if np.isnan(value) else "∞"
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def describe_species(names: Sequence[str], estimated: float) -> str:
    """Return how many species were seen, and of scientific names, which are of wider taxa."""
    count = counted(len(names), "species", "species")
    chao = f"Chao2 estimates {estimated:.1f} in all"
    wider = [name for name in names if _TAXON.fullmatch(name)]
    if not wider or not any(map(_SPECIES.match, names)):
        return f"{count} seen; {chao}."
    listed = ", ".join(wider[:_LISTED]) + (", …" if len(wider) > _LISTED else "")
    taxa = counted(len(wider), "wider taxon", "wider taxa")
    return f"{count} seen, with {taxa} as one each ({listed}); {chao}, counted in the same way."
