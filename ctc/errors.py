"""Errors that a user can fix, and helpers for their messages.

The command line prints a `CtcError` as one line and exits with its exit code. Any other exception
is a bug and shows its traceback. A message says what is wrong, where, and the next step: lower
case, no full stop, values in quotes.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from importlib.util import find_spec

_MIN_SIMILARITY = 0.6


class CtcError(Exception):
    """Base class of all errors that a user can fix."""

    exit_code = 1
    """Exit code of the command line."""


class UsageError(CtcError):
    """The command names something that does not exist: a file, a column, a label, a name."""

    exit_code = 2


class InputError(CtcError):
    """An input exists but can't be used."""


class OutputExistsError(UsageError):
    """The output exists and `--overwrite` was not given."""

    def __init__(
        self, path: object, remedy: str = "choose another --output or add --overwrite"
    ) -> None:
        super().__init__(f"'{path}' exists already: {remedy}")


class ImageError(CtcError):
    """A photo can't be used; the message is the reason, without the path."""


class MissingExtraError(CtcError):
    """A feature needs packages that are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs packages that are not installed: "
            f"pip install 'camera-trap-classifier[{extra}]'"
        )
        self.extra = extra


class PluginError(CtcError):
    """A plugin is missing, broken, or conflicts with another."""


def reason(error: BaseException) -> str:
    """Return the error's text in the style of our messages: one line, lower case, no full stop."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split()).lower().rstrip(".")


def require_extra(feature: str, extra: str, modules: Iterable[str]) -> None:
    """Raise MissingExtraError, naming `extra`, unless all `modules` are installed."""
    if not all(map(find_spec, modules)):
        raise MissingExtraError(feature, extra)


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the closest choice, or all of them.

    `": did you mean 'mean'?"` when a choice is close, ignoring case, else `": there are 'max',
    'min'"`.
    """
    known = sorted(choices)
    if not known:
        return ": there are none"
    similarity, _, closest = max((*_similarity(name, choice), choice) for choice in known)
    if similarity >= _MIN_SIMILARITY:
        return f": did you mean '{closest}'?"
    return ": there are " + ", ".join(f"'{choice}'" for choice in known)


def _similarity(name: str, choice: str) -> tuple[float, float]:
    """Return difflib's ratio (0–1) ignoring case, then the ratio with case, to break ties."""
    pairs = ((choice.lower(), name.lower()), (choice, name))
    folded, exact = (SequenceMatcher(None, one, other).ratio() for one, other in pairs)
    return folded, exact
