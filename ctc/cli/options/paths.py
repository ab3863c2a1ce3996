"""Parameter types for paths: local, or local and remote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctc.errors import UsageError

OUTPUT = "output"
"""Name of the option with the path to write to, in every command."""


class LocalPath(click.Path):
    """A path on this machine."""

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        """Return the path; fail for a URL."""
        if isinstance(value, str) and "://" in value:
            self.fail(f"'{value}' is a URL: give a local path", parameter, context)
        return super().convert(value, parameter, context)


class PathOrUrl(click.Path):
    """A local path, or a URL as in `ctc.storage.paths`."""

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        """Return a local or remote path."""
        from ctc.storage.paths import is_url, parse_path

        if isinstance(value, str) and is_url(value):
            return parse_path(value)
        return super().convert(value, parameter, context)


PATH = LocalPath(path_type=Path)
PATH_STR = LocalPath()
PATH_OR_URL = PathOrUrl(path_type=Path)


def check_remote_paths(context: click.Context) -> None:
    """Check that every remote path of the command can be reached, before any work begins.

    Raises CtcError for one that can't.
    """
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
                f"'{path}' can't be written, HTTP is read-only: choose another --output"
            )
        check_reachable(path)
