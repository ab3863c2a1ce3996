"""Keywords in IPTC's Information Interchange Model 4.2 (IIM), the dataset 2:25.

What is written is UTF-8, which the dataset 1:90 says. A keyword may have 64 bytes: longer ones are
cut between two characters; XMP has them whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

MAX_BYTES = 64
_MARKER = 0x1C
_CHARACTER_SET, _UTF8 = (1, 90), b"\x1b%G"
_VERSION, _KEYWORDS = (2, 0), (2, 25)
_BINARY = frozenset({0, 200, 201, 202, *range(150, 155)})
"""Datasets of the second record that hold no text."""


class DataSet(NamedTuple):
    """A value; `key`: the numbers of its record and dataset."""

    key: tuple[int, int]
    value: bytes


def read_iptc(data: bytes) -> list[DataSet] | None:
    """Return the datasets; None if they can't be followed."""
    found, at = [], 0
    while at + 5 <= len(data) and data[at] == _MARKER:
        length, start = int.from_bytes(data[at + 3 : at + 5], "big"), at + 5
        if length & 0x8000:
            start += length & 0x7FFF
            length = int.from_bytes(data[at + 5 : start], "big")
        if start + length > len(data):
            return None
        found.append(DataSet((data[at + 1], data[at + 2]), data[start : start + length]))
        at = start + length
    return None if data[at:].strip(b"\0") else found


def with_keywords(
    datasets: Sequence[DataSet], before: Iterable[str], after: Iterable[str]
) -> list[DataSet]:
    """Return the datasets with the keywords `after` in place of `before`, all text as UTF-8."""
    converted = _to_utf8(datasets)
    unwanted = {_cut(text) for text in before}
    wanted = list(dict.fromkeys(_cut(text) for text in after))
    kept = [one for one in converted if one.key != _KEYWORDS or one.value not in unwanted]
    known = {one.value for one in kept if one.key == _KEYWORDS}
    added = [DataSet(_KEYWORDS, value) for value in wanted if value not in known]
    if not any(one.key[0] > 1 for one in (*kept, *added)):
        return [] if not datasets else list(kept)
    return _ordered(kept, added)


def to_bytes(datasets: Iterable[DataSet]) -> bytes:
    """Return the datasets as bytes."""
    return b"".join(
        bytes((_MARKER, *one.key)) + _length(len(one.value)) + one.value for one in datasets
    )


def _ordered(kept: Sequence[DataSet], added: Sequence[DataSet]) -> list[DataSet]:
    """Return all datasets, the records in their order, with what the standard wants first."""
    first = [one for one in kept if one.key[0] <= 1 and one.key != _CHARACTER_SET]
    second = [one for one in kept if one.key[0] == 2 and one.key != _VERSION]
    version = next((one for one in kept if one.key == _VERSION), DataSet(_VERSION, b"\0\4"))
    last = [one for one in kept if one.key[0] > 2]
    return [*first, DataSet(_CHARACTER_SET, _UTF8), version, *second, *added, *last]


def _to_utf8(datasets: Sequence[DataSet]) -> list[DataSet]:
    """Return the datasets with their text as UTF-8; what is not UTF-8 is taken as Windows-1252."""
    declared = any(one == DataSet(_CHARACTER_SET, _UTF8) for one in datasets)
    texts = [one.value for one in datasets if _is_text(one)]
    if declared or all(map(_is_utf8, texts)):
        return list(datasets)
    return [
        DataSet(one.key, one.value.decode("cp1252", "replace").encode()) if _is_text(one) else one
        for one in datasets
    ]


def _is_text(one: DataSet) -> bool:
    return one.key[0] == 2 and one.key[1] not in _BINARY


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _cut(text: str) -> bytes:
    return text.encode()[:MAX_BYTES].decode(errors="ignore").rstrip().encode()


def _length(size: int) -> bytes:
    return size.to_bytes(2, "big") if size < 0x8000 else b"\x80\x04" + size.to_bytes(4, "big")
