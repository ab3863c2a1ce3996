"""The engine that the user chose, with its options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ctc.errors import UsageError
from ctc.plugin.given import options_of
from ctc.plugin.manager import Plugins
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
