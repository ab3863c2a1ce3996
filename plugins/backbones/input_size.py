"""Networks that halve their pictures too often for small ones."""

from __future__ import annotations

from ctc.errors import UsageError


def check_size(backbone: str, shape: tuple[int, int, int], min_size: int) -> None:
    """Raises UsageError when the height or width of `shape` is below `min_size` pixels."""
    height, width, _ = shape
    if min(height, width) < min_size:
        raise UsageError(
            f"'{backbone}' needs pictures of at least {min_size}×{min_size} px, not {height}×{width}: "
            f"raise --height and --width, or choose another --backbone"
        )
