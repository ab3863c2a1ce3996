"""Sources of option values: command line, environment, configuration file, default."""

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
"""Keys of click's `context.meta`: the file given to the group, the file that each parameter comes
from, and whether to show the configuration only."""
ARGUMENTS_KEY = "ctc.arguments"
"""Key of click's `context.meta`: all words of the command line after the group's options."""
COMMAND_LINE, DEFAULT = "command line", "default"
_NOT_CONFIGURABLE = {"--help", "--config", "--show-config"}


def is_configurable(parameter: click.Parameter) -> bool:
    """Return whether a file may set the parameter, and the environment if it is an option."""
    return not _NOT_CONFIGURABLE.intersection(parameter.opts)


def value_source(context: click.Context, parameter: click.Parameter) -> str:
    """Return the source: 'command line', 'CTC_PREDICT_THREADS', 'lab.toml' or 'default'."""
    source = context.get_parameter_source(parameter.name or "")
    if source is ParameterSource.ENVIRONMENT:
        return str(parameter.envvar)
    if source is ParameterSource.DEFAULT_MAP:
        files: Mapping[str, Path] = context.meta.get(FILE_VALUES_KEY, {})
        return str(files.get(parameter.name or "", "earlier run"))
    return COMMAND_LINE if source is ParameterSource.COMMANDLINE else DEFAULT


def was_provided(context: click.Context, name: str) -> bool:
    """Return whether the command line, the environment or a configuration file has a value."""
    if name in context.meta.get(FILE_VALUES_KEY, ()):
        return True
    return context.get_parameter_source(name) in (
        ParameterSource.COMMANDLINE,
        ParameterSource.ENVIRONMENT,
    )
