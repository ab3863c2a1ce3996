"""What commands with --engine share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.plugin.engine_run import ChosenEngine


def cores_of(engine: str | None) -> int:
    """That a worker has when the user doesn't say: of the engine, or all of this machine."""
    from ctc.hardware import usable_cores
    from ctc.plugin import Engine
    from ctc.plugin.manager import plugins

    own = plugins().get(Engine, engine).cores if engine else None
    return own or usable_cores()


def check_given(engine: str | None, given: Mapping[str, Any]) -> None:
    """Raises UsageError for options of engines without an engine."""
    if given and not engine:
        name = next(iter(given)).replace("_", "-")
        raise UsageError(f"--{name} is an engine's: say with --engine which")


def chosen(engine: str | None, given: Mapping[str, Any]) -> ChosenEngine | None:
    """None: the work is done here. Raises UsageError when the engine can't run, or the options are not its own."""
    check_given(engine, given)
    if engine is None:
        return None
    from ctc.plugin.engine_run import ChosenEngine
    from ctc.plugin.manager import plugins

    return ChosenEngine.named(engine, given, plugins())
