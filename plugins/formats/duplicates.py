"""Policy for duplicate ids in a source: `--duplicates fail|first`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctc.errors import InputError, UsageError
from ctc.plugin import LeftOut, Option

FAIL, FIRST = "fail", "first"
OPTION = Option(
    "duplicates",
    "For ids that occur twice with different content: 'fail', or keep the 'first'.",
    metavar=f"{FAIL}|{FIRST}",
    default=FAIL,
)


def should_keep_first(options: Mapping[str, Any]) -> bool:
    """Return whether the first of two entries is kept; raises UsageError for an unknown choice."""
    choice = options["duplicates"]
    if choice not in (FAIL, FIRST):
        raise UsageError(f"--duplicates must be '{FAIL}' or '{FIRST}', not '{choice}'")
    return bool(choice == FIRST)


def resolve_duplicate(where: str, kind: str, is_same: bool, first_wins: bool) -> LeftOut:
    """Return the LeftOut for an entry whose id came before.

    `is_same` tells whether both entries have the same content. Raises InputError when they differ
    and the first one is not to be kept.
    """
    if is_same:
        return LeftOut(where, f"the same {kind} again")
    if first_wins:
        return LeftOut(where, f"another {kind} with this id came first")
    raise InputError(
        f"{where} has the id of an earlier {kind}, but other content: correct it, "
        f"or keep the first with --duplicates {FIRST}"
    )
