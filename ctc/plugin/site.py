"""Where a command was given, for the workers of an engine: they see the same files under the same names, or say that they don't."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from ctc._version import __version__
from ctc.errors import InputError


@dataclass(frozen=True)
class Site:
    """`here`: the folder in which relative paths start. `version`: of ctc."""

    here: Path
    version: str = __version__

    def go(self) -> None:
        """Be there, on whatever machine. Raises InputError when this one doesn't see the folder, or has another ctc."""
        machine = platform.node()
        if self.version != __version__:
            raise InputError(
                f"'{machine}' has ctc {__version__}, not {self.version}: install one version on all machines"
            )
        try:
            os.chdir(self.here)
        except OSError:
            raise InputError(
                f"'{machine}' has no folder '{self.here}': all machines must see photos, models and outputs under the same paths"
            ) from None
