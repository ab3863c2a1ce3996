"""Finding the wanted features of a serialised `tf.train.Example` in place, without building an
object for each field.

Wire format: https://protobuf.dev/programming-guides/encoding; messages: Example{1: Features{1:
map<string, Feature>}}, Feature{1: BytesList | 2: FloatList | 3: Int64List}, each list {1: values}.
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
    """Where the wanted features of the Example lie in `data`. Raises InputError when it is no
    Example."""
    found: dict[bytes, Span] = {}
    for number, start, end in _fields(data, (0, len(data))):
        if number == 1:
            found.update(_feature_entries(data, (start, end), names))
    return found


def bytes_span(data: memoryview, feature: Span) -> Span:
    """Where the first value of a list of bytes lies; raises InputError when there is none."""
    for number, *values in _fields(data, feature):
        if number == _BYTES_LIST:
            for inner, start, end in _fields(data, (values[0], values[1])):
                if inner == 1:
                    return start, end
    raise InputError("the record has an empty feature")


def int_spans(data: memoryview, feature: Span) -> list[Span]:
    """Where the values of a list of int64 lie, for `int_values`: in one piece as they are usually
    written (packed), or in several; none when it is another kind of list."""
    return [
        (start, end)
        for number, *values in _fields(data, feature)
        if number == _INT64_LIST
        for inner, start, end in _fields(data, (values[0], values[1]))
        if inner == 1
    ]


def int_values(data: memoryview, at: int, end: int) -> list[int]:
    """The int64 numbers from `at` to `end`."""
    values = []
    while at < end:
        value, at = _varint(data, at)
        values.append(value - (1 << 64) if value >> 63 else value)
    return values


def _feature_entries(
    data: memoryview, features: Span, names: Container[bytes]
) -> Iterator[tuple[bytes, Span]]:
    """(key, where its Feature lies) of the wanted entries of the map."""
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
    """A quick look, right for nearly all entries: whether the entry starts with a short key that is
    not wanted."""
    if end - start < 2 or data[start] != _SHORT_KEY or data[start + 1] >= 0x80:
        return False
    return bytes(data[start + 2 : start + 2 + data[start + 1]]) not in names


def _fields(data: memoryview, span: Span) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of each field of a message; a varint's content is the varint."""
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
    """The number at `at`, and where the next byte lies."""
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
    return InputError("the record is not an event: its fields can't be told apart")
