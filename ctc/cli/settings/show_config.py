"""--show-config: every option of a command with its value and where that is from, as a settings
file that repeats it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import click

from ctc.cli.options.plugin import plugin_option_values
from ctc.cli.settings.keys import CommandPath, get_command_path, option_key
from ctc.cli.settings.source import is_configurable, value_source


def show_config(context: click.Context) -> None:
    """Print it as TOML; what has no value is a comment."""
    words = get_command_path(context)
    lines = [
        _format_line(context, parameter, _effective_value(context, parameter, _defaults(words)))
        for parameter in filter(is_configurable, context.command.get_params(context))
        if not getattr(parameter, "hidden", False)
    ]
    width = max(len(left) for left, _ in lines)
    click.echo(f"[{'.'.join(words)}]")
    for left, right in lines:
        click.echo(f"{left:<{width}}  # {right}")


def _format_line(context: click.Context, parameter: click.Parameter, value: Any) -> tuple[str, str]:
    if value is None or value in ((), {}):
        return f"# {option_key(parameter)}", "not given"
    return f"{option_key(parameter)} = {_to_toml(value)}", value_source(context, parameter)


def _effective_value(
    context: click.Context, parameter: click.Parameter, defaults: Mapping[str, Any]
) -> Any:
    name = parameter.name or ""
    value = {**plugin_option_values(context), **context.params}.get(name)
    if value is not None:
        return value
    return parameter.default if isinstance(parameter.default, str) else defaults.get(name)


def _defaults(command_path: CommandPath) -> Mapping[str, Any]:
    """What stands in the record that `ctc train`'s options become."""
    if command_path != ("train",):
        return {}
    from ctc.training.config import TrainingConfig

    return {
        field.name: field.default
        for field in fields(TrainingConfig)
        if isinstance(field.default, str | int | float)
    }


def _to_toml(value: Any) -> str:
    """JSON's strings and numbers are TOML's as well."""
    if isinstance(value, Mapping):
        value = [f"{name}={one}" for name, one in value.items()]
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_to_toml, value)) + "]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value).encode(errors="replace").decode(), ensure_ascii=False)
