"""--version: what is installed, by metadata alone; nothing is imported."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from ctc._version import __version__


def version_lines() -> Iterator[str]:
    """ctc, Python and system; then what the extras brought."""
    from ctc.doctor.extras import installed_packages

    yield f"ctc, version {__version__}"
    yield f"Python {platform.python_version()}, {sys.platform}, {platform.machine()}"
    for name, version in installed_packages().items():
        yield f"{name} {version}"
