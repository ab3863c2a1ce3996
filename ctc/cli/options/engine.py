"""What commands with --engine share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.plugin.engine_run import BoundEngine


def default_threads(engine: str | None) -> int:
    """That a worker has when the user doesn't say: of the engine, or all of this machine."""
    from ctc.hardware import usable_cores
    from ctc.plugin import Engine
    from ctc.plugin.manager import plugins

    own = plugins().get(Engine, engine).cores if engine else None
    return own or usable_cores()


def require_engine(engine: str | None, option_values: Mapping[str, Any]) -> None:
    """Raises UsageError for options of engines without an engine."""
    if option_values and not engine:
        name = next(iter(option_values)).replace("_", "-")
        raise UsageError(f"--{name} is an engine's: say with --engine which")


def resolve_engine(engine: str | None, option_values: Mapping[str, Any]) -> BoundEngine | None:
    """None: the work is done here. Raises UsageError when the engine can't run, or the options are
    not its own."""
    require_engine(engine, option_values)
    if engine is None:
        return None
    from ctc.plugin.engine_run import BoundEngine
    from ctc.plugin.manager import plugins

    return BoundEngine.resolve(engine, option_values, plugins())
