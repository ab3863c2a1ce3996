"""TFRecord framing and DALI's index files.

A record is: length (uint64 LE), masked crc32c of the length (uint32 LE), the data, masked crc32c
of the data; see "TFRecords format details" at
https://www.tensorflow.org/tutorials/load_data/tfrecord. The index file has a line `offset size`
for each record, both in bytes, the size with framing.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from ctc.errors import InputError

HEADER_BYTES = 12
FOOTER_BYTES = 4


def masked_crc(data: bytes) -> int:
    """Return the masked CRC32-C of TFRecord."""
    import google_crc32c

    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """Return the framed record of `data`."""
    length = struct.pack("<Q", len(data))
    return b"".join(
        (length, struct.pack("<I", masked_crc(length)), data, struct.pack("<I", masked_crc(data)))
    )


def unframe(record: bytes) -> bytes:
    """Return the data of a framed record; raises InputError if it is cut or a checksum is wrong."""
    if len(record) < HEADER_BYTES + FOOTER_BYTES:
        raise InputError("the record is truncated")
    length, length_crc = struct.unpack_from("<QI", record)
    if masked_crc(record[:8]) != length_crc:
        raise InputError("the checksum of the record's length is wrong")
    data = record[HEADER_BYTES : HEADER_BYTES + length]
    if len(record) != HEADER_BYTES + length + FOOTER_BYTES:
        raise InputError("the record is truncated")
    if masked_crc(data) != struct.unpack_from("<I", record, HEADER_BYTES + length)[0]:
        raise InputError("the checksum of the record is wrong")
    return data


def read_index(path: Path) -> list[tuple[int, int]]:
    """Return (offset, size with framing) of every record, from the index file of a shard.

    Raises InputError if the file is missing or damaged.
    """
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
    """Return the data of the record at `offset`; an InputError names the shard and the offset."""
    handle.seek(offset)
    try:
        return unframe(handle.read(size))
    except InputError as error:
        raise InputError(f"'{shard}' at offset {offset}: {error}") from None
