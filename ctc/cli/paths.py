"""What a path on the command line may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class LocalPath(click.Path):
    """A path of this machine."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if isinstance(value, str) and "://" in value:
            self.fail(f"'{value}' is not on this machine, as it must be", parameter, context)
        return super().convert(value, parameter, context)


class Place(click.Path):
    """A path of this machine, or a URL of a storage that can be reached."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        from ctc.artifacts.places import is_url, place
        from ctc.artifacts.remote_files import reached

        if isinstance(value, str) and is_url(value):
            return reached(place(value))
        return super().convert(value, parameter, context)


PATH = LocalPath(path_type=Path)
PATH_AS_TEXT = LocalPath()
PLACE = Place(path_type=Path)
