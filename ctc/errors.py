"""What can go wrong that is not our bug.

The command line prints a `CtcError` as one line and leaves with its exit code; anything else is a
bug and shows its traceback. A message says what is wrong, where, and the next step: lower case, no
full stop, values in quotes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib.util import find_spec


class CtcError(Exception):
    """Something the user can mend. `exit_code` is what the command line leaves with."""

    exit_code = 1


class UsageError(CtcError):
    """The command asks for something that isn't there: a file, a column, a label, a name."""

    exit_code = 2


class InputError(CtcError):
    """An input was found but can't be used."""


class OutputExistsError(UsageError):
    """The output is already there and `--overwrite` was not given."""

    def __init__(
        self, path: object, remedy: str = "choose another --output or add --overwrite"
    ) -> None:
        super().__init__(f"'{path}' exists already: {remedy}")


class ImageError(CtcError):
    """A picture can't be used; the message is the reason, without the path."""


class MissingExtraError(CtcError):
    """A command needs packages that are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs packages that are not installed: pip install 'camera-trap-classifier[{extra}]'"
        )
        self.extra = extra


class PluginError(CtcError):
    """A plugin is missing, broken, or clashes with another."""


def reason(error: BaseException) -> str:
    """Return why it failed in the style of our messages: one line, lower case, no full stop."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split()).lower().rstrip(".")


def require_extra(feature: str, extra: str, modules: Iterable[str]) -> None:
    """Raise MissingExtraError, naming `extra`, unless all `modules` are installed."""
    if not all(map(find_spec, modules)):
        raise MissingExtraError(feature, extra)


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """`": did you mean 'mean'?"` when a choice is near, else the list of choices (`": there are
    'max', 'min'"`)."""
    known = sorted(choices)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6) or [
        choice for choice in known if choice.lower() == name.lower()
    ]
    if near:
        return f": did you mean '{near[0]}'?"
    return (
        ": there are " + ", ".join(f"'{choice}'" for choice in known)
        if known
        else ": there are none"
    )
