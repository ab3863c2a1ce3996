"""What to do when one id comes twice in a source: `--duplicates fail|first`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctc.errors import InputError, UsageError
from ctc.plugin import LeftOut, Option

FAIL, FIRST = "fail", "first"
OPTION = Option(
    "duplicates",
    "When an id comes twice with different content: 'fail', or keep the 'first'.",
    metavar=f"{FAIL}|{FIRST}",
    default=FAIL,
)


def should_keep_first(options: Mapping[str, Any]) -> bool:
    """Whether the first one wins; raises UsageError for a choice that isn't there."""
    choice = options["duplicates"]
    if choice not in (FAIL, FIRST):
        raise UsageError(f"--duplicates must be '{FAIL}' or '{FIRST}', not '{choice}'")
    return bool(choice == FIRST)


def resolve_duplicate(where: str, kind: str, is_same: bool, first_wins: bool) -> LeftOut:
    """What becomes of an entry whose id came before, with the `is_same` content or another; raises
    InputError when it must not be."""
    if is_same:
        return LeftOut(where, f"the same {kind} again")
    if first_wins:
        return LeftOut(where, f"another {kind} with this id came first")
    raise InputError(
        f"{where} has the id of an earlier {kind}, but other content: mend it, or keep the first with --duplicates {FIRST}"
    )
