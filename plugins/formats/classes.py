"""Classes as label tables and documents write them."""

from __future__ import annotations


def class_name(text: str) -> str | None:
    """The class, None where it is missing: empty, or the seed's "-1"."""
    name = text.strip()
    return None if name in ("", "-1") else name
