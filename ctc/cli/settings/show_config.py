"""`--show-config`: the value and source of every option, as a configuration file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from ctc.cli.options.option import CommandOption
from ctc.cli.options.plugin import plugin_option_values
from ctc.cli.settings.keys import command_path, option_key
from ctc.cli.settings.source import is_configurable, value_source
from ctc.storage.urls import redact_urls


def show_config(context: click.Context) -> None:
    """Print the configuration as TOML; options without a value are comments."""
    words = command_path(context)
    lines = [
        _format_line(context, parameter, _effective_value(context, parameter))
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


def _effective_value(context: click.Context, parameter: click.Parameter) -> Any:
    name = parameter.name or ""
    value = {**plugin_option_values(context), **context.params}.get(name)
    if value is not None:
        return value
    if isinstance(parameter.default, str):
        return parameter.default
    return parameter.fallback() if isinstance(parameter, CommandOption) else None


def _to_toml(value: Any) -> str:
    """Return the value as TOML, whose strings and numbers are written as in JSON."""
    if isinstance(value, Mapping):
        value = [f"{name}={one}" for name, one in value.items()]
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_to_toml, value)) + "]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    text = redact_urls(str(value)).encode(errors="replace").decode()
    return json.dumps(text, ensure_ascii=False)
