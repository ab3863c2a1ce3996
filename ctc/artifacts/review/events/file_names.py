"""File names in SQLite, whose text must be Unicode, which names on Linux need not be."""

from __future__ import annotations


def to_sql(name: str) -> str | bytes:
    """Return the name, as bytes if some of them are not Unicode (`os.fsdecode` escaped them)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode(errors="surrogateescape")
    return name


def from_sql(value: str | bytes) -> str:
    """Return the name that `to_sql` was given."""
    return value if isinstance(value, str) else value.decode(errors="surrogateescape")
