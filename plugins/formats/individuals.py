"""Counts of individuals, as classes of the label `count`."""

from __future__ import annotations

MOST = 999_999_999


def read_count(text: str) -> str | None:
    """Return a count as a whole number ('3' of '3.0'), None for a number that counts nothing.

    Such are 'nan', '-2', '0.5' and numbers of more than nine digits. Text that is no number, such
    as '10+', is returned as it is.
    """
    try:
        number = float(text)
    except ValueError:
        return text
    is_count = 0 <= number <= MOST and number == int(number)
    return str(int(number)) if is_count else None
