"""Features of a serialised Example, in every valid encoding."""

from __future__ import annotations

import random

import pytest

from ctc.artifacts.event_record import EventRecord
from ctc.errors import InputError
from ctc_plugins.loaders.common.example_parser import (
    bytes_span,
    find_features,
    int_spans,
    int_values,
)

LONG = b"label/" + b"a very long name " * 12


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def ints(*values: int) -> bytes:
    return field(3, field(1, b"".join(map(varint, values))))


def unpacked(*values: int) -> bytes:
    return field(3, b"".join(varint(1 << 3) + varint(value) for value in values))


def entry(key: bytes, feature: bytes) -> bytes:
    return field(1, field(1, key) + field(2, feature))


def found_ints(example: bytes, name: bytes) -> list[int]:
    data = memoryview(example)
    return numbers(data, find_features(data, {name})[name])


def numbers(data: memoryview, feature: tuple[int, int]) -> list[int]:
    return [value for span in int_spans(data, feature) for value in int_values(data, *span)]


def test_find_features_agrees_with_protobuf() -> None:
    event = EventRecord(
        "e", (b"first", b"second"), ((1, 2), (3, 4)), {"species": (-1, 2**40)}, ("p",), {"a": 1}
    )
    data = memoryview(event.encode())
    found = find_features(data, {b"image/encoded", b"image/sizes", b"label/species"})
    start, end = bytes_span(data, found[b"image/encoded"])
    assert bytes(data[start:end]) == b"firstsecond"
    assert numbers(data, found[b"image/sizes"]) == [5, 6]
    assert numbers(data, found[b"label/species"]) == [-1, 2**40]


@pytest.mark.parametrize("seed", range(5))
def test_find_features_in_any_order(seed) -> None:
    entries = [
        entry(name, ints(i, -i))
        for i, name in enumerate((b"a", b"image/sizes", b"label/x", LONG, b""))
    ]
    random.Random(seed).shuffle(entries)
    example = field(1, b"".join(entries))
    assert found_ints(example, b"image/sizes") == [1, -1]
    assert found_ints(example, LONG) == [3, -3]


@pytest.mark.parametrize(
    "feature", [ints(1, 300), unpacked(1, 300), field(3, field(1, b"\1") + b"\x08" + varint(300))]
)
def test_int_spans_packed_and_unpacked(feature) -> None:
    assert found_ints(field(1, entry(b"n", feature)), b"n") == [1, 300]


def test_find_features_with_value_before_key() -> None:
    assert found_ints(field(1, field(1, field(2, ints(7)) + field(1, b"n"))), b"n") == [7]


def test_find_features_takes_last_of_equal_keys() -> None:
    assert found_ints(field(1, entry(b"n", ints(1)) + entry(b"n", ints(2))), b"n") == [2]


def test_find_features_in_two_messages() -> None:
    assert found_ints(field(1, entry(b"a", ints(1))) + field(1, entry(b"n", ints(2))), b"n") == [2]


def test_find_features_skips_unknown_fields() -> None:
    unknown = (
        varint(9 << 3)
        + varint(2**63)
        + varint(10 << 3 | 1)
        + bytes(8)
        + varint(11 << 3 | 5)
        + bytes(4)
        + field(12, b"?")
    )
    example = (
        unknown
        + field(1, unknown + field(1, unknown + field(1, b"n") + field(2, unknown + ints(5))))
        + unknown
    )
    assert found_ints(example, b"n") == [5]


def test_int_spans_of_other_kind_are_empty() -> None:
    assert found_ints(field(1, entry(b"n", field(1, field(1, b"text")))), b"n") == []


def test_bytes_span_rejects_empty_feature() -> None:
    data = memoryview(field(1, entry(b"n", ints(1))))
    with pytest.raises(InputError, match="empty feature"):
        bytes_span(data, find_features(data, {b"n"})[b"n"])


def test_find_features_of_damaged_bytes_stays_in_bounds() -> None:
    whole = EventRecord("e", (b"x" * 50,), ((1, 2),), {"s": (0, 1)}, ("p",), {}).encode()
    rng = random.Random(0)
    for _ in range(3000):
        data = bytearray(whole)
        data[rng.randrange(len(data))] = rng.randrange(256)
        view = memoryview(bytes(data[: rng.randrange(len(data) + 1)]))
        try:
            for span in find_features(
                view, {b"image/encoded", b"image/sizes", b"label/s"}
            ).values():
                assert 0 <= span[0] <= span[1] <= len(view)
                numbers(view, span)
        except InputError:
            pass
