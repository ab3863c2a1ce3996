"""Finding features in a serialised Example, in whatever way it was written."""

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


def test_a_record_of_ours_gives_what_protobuf_gives() -> None:
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
def test_the_order_of_the_features_does_not_matter(seed) -> None:
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
def test_numbers_may_be_packed_or_not(feature) -> None:
    assert found_ints(field(1, entry(b"n", feature)), b"n") == [1, 300]


def test_a_value_may_come_before_its_key() -> None:
    assert found_ints(field(1, field(1, field(2, ints(7)) + field(1, b"n"))), b"n") == [7]


def test_the_last_of_two_equal_keys_counts() -> None:
    assert found_ints(field(1, entry(b"n", ints(1)) + entry(b"n", ints(2))), b"n") == [2]


def test_the_features_may_be_in_two_parts() -> None:
    assert found_ints(field(1, entry(b"a", ints(1))) + field(1, entry(b"n", ints(2))), b"n") == [2]


def test_unknown_fields_are_passed_over() -> None:
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


def test_a_feature_of_another_kind_has_no_numbers() -> None:
    assert found_ints(field(1, entry(b"n", field(1, field(1, b"text")))), b"n") == []


def test_a_feature_without_bytes_is_an_error() -> None:
    data = memoryview(field(1, entry(b"n", ints(1))))
    with pytest.raises(InputError, match="empty feature"):
        bytes_span(data, find_features(data, {b"n"})[b"n"])


def test_damaged_bytes_are_found_out_or_give_something_but_never_more() -> None:
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
