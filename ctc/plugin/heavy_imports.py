"""Packages that a plugin must not import before it needs them: every command loads the plugins, and
would wait."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ctc.plugin.entry_points import Owner

HEAVY_PACKAGES = (
    "tensorflow",
    "keras",
    "torch",
    "jax",
    "pandas",
    "pyarrow",
    "onnxruntime",
    "scipy",
    "sklearn",
    "matplotlib",
    "ray",
)

log = logging.getLogger(__name__)


@contextmanager
def warn_heavy_imports(owner: Owner) -> Iterator[None]:
    """Warns of the heavy packages that come in within the block, where a plugin is loaded."""
    before = set(sys.modules)
    yield
    came = [name for name in HEAVY_PACKAGES if name in sys.modules and name not in before]
    if came:
        listed = ", ".join(f"'{name}'" for name in came)
        log.warning(
            "plugin %s imports %s when it is loaded, so that every command waits: its author should import inside functions",
            owner,
            listed,
        )
