"""TFRecord framing and DALI's index: https://www.tensorflow.org/tutorials/load_data/tfrecord
(format details).

A record is: length (uint64 LE), masked crc32c of the length (uint32 LE), the data, masked crc32c of
the data. The index file holds one line a record: its offset and its size with framing, as `offset
size`."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from ctc.errors import InputError

HEADER_BYTES = 12
FOOTER_BYTES = 4


def masked_crc(data: bytes) -> int:
    """The masked CRC32-C of TFRecord."""
    import google_crc32c

    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """One record, ready to be appended to a file."""
    length = struct.pack("<Q", len(data))
    return b"".join(
        (length, struct.pack("<I", masked_crc(length)), data, struct.pack("<I", masked_crc(data)))
    )


def unframe(record: bytes) -> bytes:
    """The data of one framed record; raises InputError when it is cut or a checksum is wrong."""
    if len(record) < HEADER_BYTES + FOOTER_BYTES:
        raise InputError("the record is cut")
    length, length_crc = struct.unpack_from("<QI", record)
    if masked_crc(record[:8]) != length_crc:
        raise InputError("the checksum of the record's length is wrong")
    data = record[HEADER_BYTES : HEADER_BYTES + length]
    if len(record) != HEADER_BYTES + length + FOOTER_BYTES:
        raise InputError("the record is cut")
    if masked_crc(data) != struct.unpack_from("<I", record, HEADER_BYTES + length)[0]:
        raise InputError("the checksum of the record is wrong")
    return data


def read_index(path: Path) -> list[tuple[int, int]]:
    """(offset, size with framing) of every record of the shard that `path` is the index of."""
    try:
        return [
            (int(offset), int(size))
            for offset, size in (line.split() for line in path.read_text().splitlines())
        ]
    except FileNotFoundError:
        raise InputError(f"'{path}' is missing: build the dataset again") from None
    except ValueError:
        raise InputError(
            f"'{path}' is not an index of 'offset size' lines: build the dataset again"
        ) from None


def read_record(handle: BinaryIO, shard: Path, offset: int, size: int) -> bytes:
    """The data of the record at `offset`; an error names the shard and the offset."""
    handle.seek(offset)
    try:
        return unframe(handle.read(size))
    except InputError as error:
        raise InputError(f"'{shard}' at offset {offset}: {error}") from None
