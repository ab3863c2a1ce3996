"""Detection of plugins that import heavy packages when they are loaded.

Every command loads all plugins, so such an import slows down every command.
"""

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
    """Log a warning if heavy packages are imported inside the block, which loads a plugin."""
    before = set(sys.modules)
    yield
    imported = [name for name in HEAVY_PACKAGES if name in sys.modules and name not in before]
    if imported:
        listed = ", ".join(f"'{name}'" for name in imported)
        log.warning(
            "plugin %s imports %s when it is loaded, which slows down every command: "
            "its author should import inside functions",
            owner,
            listed,
        )
