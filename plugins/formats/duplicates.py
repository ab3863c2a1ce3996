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


def keep_first(options: Mapping[str, Any]) -> bool:
    """Whether the first one wins; raises UsageError for a choice that isn't there."""
    choice = options["duplicates"]
    if choice not in (FAIL, FIRST):
        raise UsageError(f"--duplicates must be '{FAIL}' or '{FIRST}', not '{choice}'")
    return bool(choice == FIRST)


def repeated(where: str, what: str, same: bool, first_wins: bool) -> LeftOut:
    """What becomes of an entry whose id came before, with the `same` content or another; raises InputError when it must not be."""
    if same:
        return LeftOut(where, f"the same {what} again")
    if first_wins:
        return LeftOut(where, f"another {what} with this id came first")
    raise InputError(
        f"{where} has the id of an earlier {what}, but other content: mend it, or keep the first with --duplicates {FIRST}"
    )
