"""Parameter types for paths: local, or local and remote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ctc.errors import UsageError

OUTPUT = "output"
"""Name of the option with the path to write to, in every command."""
ROOT = "image_root"
"""Name of the option with the folder that relative paths start from."""


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


def check_paths(context: click.Context) -> None:
    """Check, before any work begins, that remote paths can be reached and the output written.

    Raises CtcError for a path that can't.
    """
    for name, path in _given_paths(context):
        _check_path(path, name, context)


def input_paths(context: click.Context) -> list[Path]:
    """Return the paths that the arguments and options of a command name, but the output."""
    return [path for name, path in _given_paths(context) if name != OUTPUT]


def _given_paths(context: click.Context) -> Iterator[tuple[str, Path]]:
    """Yield each path that is given, with the name of its option."""
    for parameter in context.command.params:
        if isinstance(parameter.type, click.Path):
            name = parameter.name or ""
            given = context.params.get(name)
            for path in given if isinstance(given, tuple) else [given]:
                if path is not None:
                    yield name, Path(path) if isinstance(path, str) else path


def _check_path(path: Path, name: str, context: click.Context) -> None:
    from ctc.storage.paths import is_http, is_remote

    is_output = name == OUTPUT
    if is_remote(path):
        from ctc.storage.remote_files import check_reachable

        if is_output and is_http(path):
            raise UsageError(
                f"'{path}' can't be written, HTTP is read-only: choose another --output"
            )
        check_reachable(path, is_root=name == ROOT)
    elif is_output and not context.params.get("dry_run"):
        from ctc.storage.atomic import check_writable

        check_writable(path, is_folder=path.is_dir())
