"""Sizes in words."""

from __future__ import annotations


def in_bytes(count: float) -> str:
    """'12.3 MB'"""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"
