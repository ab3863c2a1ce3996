"""Errors that a user can fix, and helpers for their messages.

The command line prints a `CtcError` as one line and exits with its exit code. Any other exception
is a bug and shows its traceback. A message says what is wrong, where, and the next step: lower
case, no full stop, values in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.util import find_spec

_ERRNO = re.compile(r"\[errno -?\d+\] ?", re.IGNORECASE)
_MAX_LISTED = 30
_MIN_SIMILARITY = 0.6
_SYNONYMS = {
    **dict.fromkeys(("gpu", "nvidia", "tensorrt"), "cuda"),
    "fp16": "float16",
    "fp32": "float32",
}
"""Names of other programs that are nearer to another choice of ours, or to none."""
MAX_QUOTED = 100
"""Characters of a foreign value that a message quotes."""
_MIN_PREFIX_LENGTH = 3
_PREFIX_SIMILARITY = 0.75
"""Similarity of a name to a choice that begins with it."""


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


class AlreadyCompleteError(CtcError):
    """`--resume` was given for an output that is complete: nothing is left to do."""

    exit_code = 0

    def __init__(self, path: object) -> None:
        super().__init__(f"'{path}' is complete, there is nothing to resume")


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
    """Return the error's text in the style of our messages: one line, no errno, no full stop.

    It begins in lower case, unless its first word is an abbreviation. The name of the exception
    stands for an empty text.
    """
    text = getattr(error, "strerror", None) or str(error)
    line = " ".join(_ERRNO.sub("", text).split()).rstrip(".")
    if not line:
        return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    return line if line[1:2].isupper() else line[:1].lower() + line[1:]


def describe_damage(error: Exception) -> str:
    """Return what is wrong with the content of a file, given the exception of its reader."""
    if isinstance(error, KeyError) and error.args:
        return f"it has no '{error.args[0]}'"
    if isinstance(error, IndexError | TypeError | AttributeError):
        return "it has a value of the wrong type or length"
    return reason(error)


def shorten(text: object, limit: int = MAX_QUOTED) -> str:
    """Return the text, or its start and '…' if it is longer than `limit` characters.

    For values in messages that come from a file or a request, and may be of any length.
    """
    whole = text if isinstance(text, str) else repr(text)
    return whole if len(whole) <= limit else f"{whole[:limit]}…"


def require_extra(feature: str, extra: str, modules: Iterable[str]) -> None:
    """Raise MissingExtraError, naming `extra`, unless all `modules` are installed."""
    if not all(map(find_spec, modules)):
        raise MissingExtraError(feature, extra)


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the closest choice, or the first of them.

    `": did you mean 'mean'?"` when a choice is close, see `closest_name`, else `": there are 'max',
    'min'"`, at most 30.
    """
    if len(name) > MAX_QUOTED:  # comparing would take too long
        return ""
    known = sorted(choices)
    if not known:
        return ": there are none"
    closest = closest_name(name, known)
    if closest is not None:
        return f": did you mean '{closest}'?"
    more = f" and {len(known) - _MAX_LISTED:,} more" if len(known) > _MAX_LISTED else ""
    return ": there are " + ", ".join(f"'{choice}'" for choice in known[:_MAX_LISTED]) + more


def closest_name(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice with the smallest edit distance from `name`, None if none is close.

    Case is ignored unless two choices are equally close. The beginning of a choice counts as close.
    """
    known = sorted(choices)
    if (synonym := _SYNONYMS.get(name.lower())) in known:
        return synonym
    ranked = [(*_similarity(name, choice), choice) for choice in known]
    similarity, _, closest = max(ranked, default=(0.0, 0.0, ""))
    return closest if similarity >= _MIN_SIMILARITY else None


def _similarity(name: str, choice: str) -> tuple[float, float]:
    """Return the similarity (0–1) ignoring case, then the one with case, to break ties."""
    folded, folded_choice = name.lower(), choice.lower()
    similarity = 1 - edit_distance(folded, folded_choice) / max(len(name), len(choice), 1)
    if len(name) >= _MIN_PREFIX_LENGTH and folded_choice.startswith(folded):
        similarity = max(similarity, _PREFIX_SIMILARITY)
    return similarity, -edit_distance(name, choice)


def edit_distance(one: str, other: str) -> int:
    """Return how many letters to insert, delete, replace or swap with a neighbour."""
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, wanted in enumerate(other, 1):
            replaced = last[column - 1] + (letter != wanted)
            best = min(last[column] + 1, current[column - 1] + 1, replaced)
            if row > 1 < column and letter == other[column - 2] and one[row - 2] == wanted:
                best = min(best, before_last[column - 2] + 1)
            current.append(best)
        before_last, last = last, current
    return last[-1]
