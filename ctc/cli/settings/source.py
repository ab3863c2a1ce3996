"""Where the value of an option comes from: the command line, the environment, a configuration file
or the default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from click.core import ParameterSource

CONFIG_FILE_KEY, FILE_VALUES_KEY, SHOW_CONFIG_KEY = (
    "ctc.settings.file",
    "ctc.settings.from_file",
    "ctc.settings.show",
)
"""In click's `context.meta`: the file that the group was given, which file each parameter is from,
whether to show them only."""
ARGUMENTS_KEY = "ctc.arguments"
"""Also there: all words of the command line behind the group's options."""
COMMAND_LINE, DEFAULT = "command line", "default"
_NOT_CONFIGURABLE = {"--help", "--config", "--show-config"}


def is_configurable(parameter: click.Parameter) -> bool:
    """Whether a file may set it, and the environment if it is an option."""
    return not _NOT_CONFIGURABLE.intersection(parameter.opts)


def value_source(context: click.Context, parameter: click.Parameter) -> str:
    """Where its value is from: 'command line', 'CTC_PREDICT_THREADS', 'lab.toml' or 'default'."""
    source = context.get_parameter_source(parameter.name or "")
    if source is ParameterSource.ENVIRONMENT:
        return str(parameter.envvar)
    if source is ParameterSource.DEFAULT_MAP:
        files: Mapping[str, Path] = context.meta.get(FILE_VALUES_KEY, {})
        return str(files.get(parameter.name or "", "earlier run"))
    return COMMAND_LINE if source is ParameterSource.COMMANDLINE else DEFAULT


def is_provided(context: click.Context, name: str) -> bool:
    """Whether the user gave the parameter: typed, in the environment, or in a settings file."""
    if name in context.meta.get(FILE_VALUES_KEY, ()):
        return True
    return context.get_parameter_source(name) in (
        ParameterSource.COMMANDLINE,
        ParameterSource.ENVIRONMENT,
    )
