"""Parser that locates features of a serialised `tf.train.Example` in place.

It builds no object per field. Wire format: https://protobuf.dev/programming-guides/encoding.
Messages: Example{1: Features{1: map<string, Feature>}}, Feature{1: BytesList | 2: FloatList | 3:
Int64List}, each list {1: values}.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from ctc.errors import InputError

Span = tuple[int, int]

_FIXED_BYTES = {1: 8, 5: 4}
_VARINT, _LENGTH = 0, 2
_BYTES_LIST, _INT64_LIST = 1, 3
_SHORT_KEY = 1 << 3 | _LENGTH


def find_features(data: memoryview, names: Container[bytes]) -> dict[bytes, Span]:
    """Return where the features called `names` lie in `data`.

    Raises InputError when `data` is not an Example.
    """
    found: dict[bytes, Span] = {}
    for number, start, end in _fields(data, (0, len(data))):
        if number == 1:
            found.update(_feature_entries(data, (start, end), names))
    return found


def bytes_span(data: memoryview, feature: Span) -> Span:
    """Return where the first value of a bytes list lies; raises InputError when it is empty."""
    for number, *values in _fields(data, feature):
        if number == _BYTES_LIST:
            for inner, start, end in _fields(data, (values[0], values[1])):
                if inner == 1:
                    return start, end
    raise InputError("the record has an empty feature")


def int_spans(data: memoryview, feature: Span) -> list[Span]:
    """Return where the values of an int64 list lie, as spans for `int_values`.

    There is one span for the usual packed encoding, several otherwise, and none for another kind of
    list.
    """
    return [
        (start, end)
        for number, *values in _fields(data, feature)
        if number == _INT64_LIST
        for inner, start, end in _fields(data, (values[0], values[1]))
        if inner == 1
    ]


def int_values(data: memoryview, at: int, end: int) -> list[int]:
    """Return the int64 values encoded from `at` to `end`."""
    values = []
    while at < end:
        value = data[at]
        if value < 0x80:  # nearly always a class number: a call less
            at += 1
        else:
            value, at = _varint(data, at)
        values.append(value - (1 << 64) if value >> 63 else value)
    return values


def _feature_entries(
    data: memoryview, features: Span, names: Container[bytes]
) -> Iterator[tuple[bytes, Span]]:
    """Yield (key, span of its Feature) for the requested entries of the map."""
    for number, start, end in _fields(data, features):
        if number != 1 or _is_unrequested(data, start, end, names):
            continue
        key, value = b"", (end, end)
        for part, at, stop in _fields(data, (start, end)):
            if part == 1:
                key = bytes(data[at:stop])
            elif part == 2:
                value = at, stop
        if key in names:
            yield key, value


def _is_unrequested(data: memoryview, start: int, end: int, names: Container[bytes]) -> bool:
    """Return True when the entry certainly starts with a short key that is not requested.

    A fast check that settles nearly all entries; False means that the entry must be parsed.
    """
    if end - start < 2 or data[start] != _SHORT_KEY or data[start + 1] >= 0x80:
        return False
    return bytes(data[start + 2 : start + 2 + data[start + 1]]) not in names


def _fields(data: memoryview, span: Span) -> Iterator[tuple[int, int, int]]:
    """Yield (field number, start, end) for each field of a message.

    The content of a varint field is the varint itself.
    """
    at, end = span
    while at < end:
        tag, at = _varint(data, at)
        kind, start = tag & 7, at
        if kind == _LENGTH:
            size, start = _varint(data, at)
            at = start + size
        elif kind == _VARINT:
            _, at = _varint(data, at)
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
        else:
            raise _damaged_error()
        if at > end:
            raise _damaged_error()
        yield tag >> 3, start, at


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return the varint at `at` and the position after it."""
    value = shift = 0
    try:
        while shift < 70:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at
            shift += 7
    except IndexError:
        raise _damaged_error() from None
    raise _damaged_error()


def _damaged_error() -> InputError:
    return InputError("the record is damaged: its fields can't be parsed")
