"""`--engine`: where the work of a command is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ctc.cli.options.option import Decorator, PluginName, option
from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.plugin.engine_run import BoundEngine


def engine_option(help_text: str) -> Decorator:
    """Return the option `--engine`."""
    return option(
        "--engine",
        type=PluginName("Engine"),
        metavar="NAME",
        show_default="none, this process",
        help=help_text,
    )


def default_threads(engine: str | None) -> int:
    """Return the threads of a worker without --threads: those of the engine, or all cores."""
    from ctc.hardware import usable_cores
    from ctc.plugin import Engine
    from ctc.plugin.manager import plugins

    cores = plugins().get(Engine, engine).cores if engine else None
    return cores or usable_cores()


def require_engine(engine: str | None, option_values: Mapping[str, Any]) -> None:
    """Raise UsageError when options of engines are given without an engine."""
    from ctc.plugin.option_values import explicit_options

    given = explicit_options(option_values)
    if given and not engine:
        name = next(iter(given)).replace("_", "-")
        raise UsageError(f"--{name} is an option of an engine: add --engine NAME")


def resolve_engine(engine: str | None, option_values: Mapping[str, Any]) -> BoundEngine | None:
    """Return the engine with its options, or None for work in this process.

    Raises UsageError when the engine can't run here, or an option belongs to another engine.
    """
    require_engine(engine, option_values)
    if engine is None:
        return None
    from ctc.plugin.engine_run import BoundEngine
    from ctc.plugin.manager import plugins

    return BoundEngine.resolve(engine, option_values, plugins())
