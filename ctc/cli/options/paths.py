"""What a path on the command line may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctc.errors import UsageError

OUTPUT = "output"
"""What each command calls the option with the place to write to."""


class LocalPath(click.Path):
    """A path of this machine."""

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        if isinstance(value, str) and "://" in value:
            self.fail(f"'{value}' is not on this machine, as it must be", parameter, context)
        return super().convert(value, parameter, context)


class PathOrUrl(click.Path):
    """A path of this machine, or a URL: see `ctc.storage.paths`."""

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        from ctc.storage.paths import is_url, parse_path

        if isinstance(value, str) and is_url(value):
            return parse_path(value)
        return super().convert(value, parameter, context)


PATH = LocalPath(path_type=Path)
PATH_STR = LocalPath()
PATH_OR_URL = PathOrUrl(path_type=Path)


def check_remote_paths(context: click.Context) -> None:
    """Ask every storage that the command line names whether it is there, before anything begins;
    raises CtcError for one that isn't."""
    for parameter in context.command.params:
        if isinstance(parameter.type, PathOrUrl):
            given = context.params.get(parameter.name or "")
            for path in given if isinstance(given, tuple) else [given]:
                _check_remote_path(path, is_output=parameter.name == OUTPUT)


def _check_remote_path(path: Path | None, is_output: bool) -> None:
    from ctc.storage.paths import is_http, is_remote

    if path is not None and is_remote(path):
        from ctc.storage.remote_files import check_reachable

        if is_output and is_http(path):
            raise UsageError(
                f"'{path}' can't be written, the web is only read: choose another --output"
            )
        check_reachable(path)
