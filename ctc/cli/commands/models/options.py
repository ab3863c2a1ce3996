"""The option of both commands that names lists."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.cli.registry import LISTS_VARIABLE

if TYPE_CHECKING:
    from ctc.model_import.catalogue.model_list import ModelList


LISTS = option(
    "--list",
    "lists",
    type=PATH_OR_URL,
    multiple=True,
    metavar="FILE|URL",
    show_default=f"${LISTS_VARIABLE}",
    help="List of models (JSON), as docs/models.md describes it. Repeatable.",
)
NO_LIST = f"give one with --list FILE|URL, or name it in {LISTS_VARIABLE}"


def read_given_lists(given: Sequence[Path]) -> tuple[list[ModelList], list[str]]:
    """Return the lists that are given, else those of the environment, and what is wrong with some.

    Raises CtcError for a URL in the environment that can't be one.
    """
    from ctc.model_import.catalogue.model_list import read_lists
    from ctc.storage.paths import parse_path

    named = os.environ.get(LISTS_VARIABLE, "").split(",")
    return read_lists(given or [parse_path(name.strip()) for name in named if name.strip()])
