"""Where the value of an option comes from: the command line, the environment, a configuration file or the default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from click.core import ParameterSource

FILE, FROM_FILE, SHOW = "ctc.settings.file", "ctc.settings.from_file", "ctc.settings.show"
"""In click's `context.meta`: the file that the group was given, which file each parameter is from, whether to show them only."""
ARGUMENTS = "ctc.arguments"
"""Also there: all words of the command line behind the group's options."""
TYPED, DEFAULT = "command line", "default"
_NO_SETTINGS = {"--help", "--config", "--show-config"}


def is_setting(parameter: click.Parameter) -> bool:
    """Whether a file may set it, and the environment if it is an option."""
    return not _NO_SETTINGS.intersection(parameter.opts)


def origin(context: click.Context, parameter: click.Parameter) -> str:
    """Where its value is from: 'command line', 'CTC_PREDICT_THREADS', 'lab.toml' or 'default'."""
    source = context.get_parameter_source(parameter.name or "")
    if source is ParameterSource.ENVIRONMENT:
        return str(parameter.envvar)
    if source is ParameterSource.DEFAULT_MAP:
        files: Mapping[str, Path] = context.meta.get(FROM_FILE, {})
        return str(files.get(parameter.name or "", "earlier run"))
    return TYPED if source is ParameterSource.COMMANDLINE else DEFAULT


def is_given(context: click.Context, name: str) -> bool:
    """Whether the user gave the parameter: typed, in the environment, or in a settings file."""
    if name in context.meta.get(FROM_FILE, ()):
        return True
    return context.get_parameter_source(name) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
