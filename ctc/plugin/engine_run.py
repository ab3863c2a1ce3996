"""Where a command was given, for the workers of an engine: they see the same files under the same names, or say that they don't."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc._version import __version__
from ctc.errors import InputError, UsageError
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import options_of
from ctc.plugin.records import Engine, Work


@dataclass(frozen=True)
class ChosenEngine:
    """`options`: a value for each that the engine declares."""

    engine: Engine
    options: Mapping[str, Any]

    @classmethod
    def named(cls, name: str, given: Mapping[str, Any], plugins: Plugins) -> ChosenEngine:
        """`given`: the options that are, by key. Raises UsageError when there is no such engine or option, or it can't run here."""
        engine = plugins.get(Engine, name)
        reason = engine.available()
        if reason is not None:
            raise UsageError(f"the engine '{name}' can't run here: {reason}")
        return cls(engine, options_of(engine, given))

    def map(self, work: Work, parts: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        """See `Engine`."""
        return self.engine.map(work, parts, self.options)


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
