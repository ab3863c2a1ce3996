"""Where a command was given, for the workers of an engine: they see the same files under the same
names, or say that they don't."""

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
from ctc.plugin.option_values import option_values
from ctc.plugin.records import Engine, Task


@dataclass(frozen=True)
class BoundEngine:
    """`options`: a value for each that the engine declares."""

    engine: Engine
    options: Mapping[str, Any]

    @classmethod
    def resolve(cls, name: str, provided: Mapping[str, Any], plugins: Plugins) -> BoundEngine:
        """`provided`: the options that are, by key. Raises UsageError when there is no such engine
        or option, or it can't run here."""
        engine = plugins.get(Engine, name)
        reason = engine.available()
        if reason is not None:
            raise UsageError(f"the engine '{name}' can't run here: {reason}")
        return cls(engine, option_values(engine, provided))

    def map(self, task: Task, parts: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        """See `Engine`."""
        return self.engine.map(task, parts, self.options)


@dataclass(frozen=True)
class WorkerContext:
    """`working_folder`: the folder in which relative paths start. `version`: of ctc."""

    working_folder: Path
    version: str = __version__

    def enter(self) -> None:
        """Be there, on whatever machine. Raises InputError when this one doesn't see the folder, or
        has another ctc."""
        machine = platform.node()
        if self.version != __version__:
            raise InputError(
                f"'{machine}' has ctc {__version__}, not {self.version}: install one version on all machines"
            )
        try:
            os.chdir(self.working_folder)
        except OSError:
            raise InputError(
                f"'{machine}' has no folder '{self.working_folder}': all machines must see photos, models and outputs under the same paths"
            ) from None
