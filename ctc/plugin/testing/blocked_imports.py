"""Heavy packages as if they were not installed, whether or not the tests have imported them before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ctc.plugin.heavy import HEAVY


@contextmanager
def heavy_imports_blocked() -> Iterator[None]:
    """Within the block, to import one of them raises ModuleNotFoundError, "import of pandas halted"."""
    modules: dict[str, Any] = sys.modules
    before = {name: modules[name] for name in HEAVY if name in modules}
    modules.update(dict.fromkeys(HEAVY))
    try:
        yield
    finally:
        for name in HEAVY:
            modules.pop(name, None)
        modules.update(before)
