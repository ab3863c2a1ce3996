"""Minimum input size of a backbone."""

from __future__ import annotations

from ctc.errors import UsageError


def check_size(backbone: str, shape: tuple[int, int, int], min_size: int) -> None:
    """Raise UsageError when the height or width of `shape` is below `min_size` pixels."""
    height, width, _ = shape
    if min(height, width) < min_size:
        raise UsageError(
            f"'{backbone}' needs images of at least {min_size}×{min_size} px, "
            f"not {height}×{width}: raise --height and --width, or choose another --backbone"
        )
