"""Verification of damaged datasets: each fault is reported with its file and offset."""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.dataset.verify.verify import VerifyResult, open_for_verification, verify_dataset
from ctc.errors import InputError, UsageError
from ctc.images import encode_jpeg
from ctc.storage.tfrecord import masked_crc, read_index

SHARD = "train-00000-of-00001.tfrecord"
INDEX = "train-00000-of-00001.idx"
PIXELS = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)


@pytest.fixture
def dataset(tiny_dataset: Callable[..., Dataset]) -> Dataset:
    """Six events in one shard for training, two for validation."""
    return tiny_dataset({"train": 6, "val": 2}, shards=1, smallest_side=30)


@pytest.fixture
def dataset_with(dataset_of: Callable[..., Dataset]) -> Callable[[EventRecord], Dataset]:
    """A dataset of one event, with correct checksums."""
    return lambda event: dataset_of({"train": [event]}, {"species": ("deer", "fox")})


def make_event(jpeg: bytes, **changes: Any) -> EventRecord:
    event = EventRecord("e", (jpeg,), ((48, 64),), {"species": (1,)}, ("e.jpg",), {})
    return replace(event, **changes)


def verify(dataset: Dataset, max_faults: int = 100) -> VerifyResult:
    return verify_dataset(
        open_for_verification(dataset.folder), 2, max_faults, lambda done, failed: None
    )


def faults(dataset: Dataset) -> list[str]:
    return [str(fault) for fault in verify(dataset).faults]


def read_spans(dataset: Dataset) -> list[tuple[int, int]]:
    return read_index(dataset.folder / INDEX)


def flip_bit(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x10
    path.write_bytes(data)


def edit_manifest(dataset: Dataset, change: Callable[[dict[str, Any]], object]) -> None:
    """Change dataset.json without changing the records."""
    path = dataset.folder / "dataset.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def encode_with_pillow(subsampling: str = "4:2:0", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "jpeg", subsampling=subsampling, **options)
    return file.getvalue()


def encode_rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 3
    return encode_with_pillow(exif=exif)


def test_verify_dataset_finds_no_fault_in_valid_dataset(dataset: Dataset) -> None:
    assert verify(dataset) == VerifyResult(shards=2, events=8, images=15, faults=(), complete=True)


@pytest.mark.parametrize("record", [0, 3, 5])
@pytest.mark.parametrize(
    ("into", "reason"),
    [
        (0, "the checksum of the record's length is wrong"),
        (7, "the checksum of the record's length is wrong"),
        (8, "the checksum of the record's length is wrong"),
        (12, "the checksum of the record is wrong"),
        (400, "the checksum of the record is wrong"),
        (-1, "the checksum of the record is wrong"),
    ],
)
def test_verify_dataset_reports_flipped_bit_only_at_its_record(
    dataset: Dataset, record: int, into: int, reason: str
) -> None:
    offset, size = read_spans(dataset)[record]
    flip_bit(dataset.folder / SHARD, offset + into % size)
    assert faults(dataset) == [
        f"{SHARD} at offset {offset}: {reason}",
        f"{SHARD}: its sha256 is not the one in dataset.json",
    ]


@pytest.mark.parametrize("with_index", [True, False])
def test_verify_dataset_finds_every_flipped_bit_at_its_record(
    dataset: Dataset, with_index: bool
) -> None:
    table = read_spans(dataset)
    shard = dataset.folder / SHARD
    if not with_index:
        (dataset.folder / INDEX).unlink()
    for position in random.Random(1).sample(range(shard.stat().st_size), 100):
        flip_bit(shard, position)
        record = max(offset for offset, _ in table if offset <= position)
        found = {fault.offset for fault in verify(dataset).faults if fault.offset is not None}
        flip_bit(shard, position)
        assert found == {record}


def test_verify_dataset_reports_all_records_of_zeroed_range(dataset: Dataset) -> None:
    table, shard = read_spans(dataset), dataset.folder / SHARD
    data = bytearray(shard.read_bytes())
    data[table[1][0] + 20 : table[3][0] + 20] = bytes(table[3][0] - table[1][0])
    shard.write_bytes(data)
    assert [fault.offset for fault in verify(dataset).faults if fault.offset is not None] == [
        offset for offset, _ in table[1:4]
    ]


def test_verify_dataset_reports_offset_of_truncated_record(dataset: Dataset) -> None:
    offset, size = read_spans(dataset)[4]
    shard = dataset.folder / SHARD
    shard.write_bytes(shard.read_bytes()[: offset + size // 2])
    assert f"{SHARD} at offset {offset}: the record is truncated" in faults(dataset)


def test_verify_dataset_reports_shard_truncated_between_records(
    dataset: Dataset,
) -> None:
    offset, _ = read_spans(dataset)[4]
    shard = dataset.folder / SHARD
    size = shard.stat().st_size
    shard.write_bytes(shard.read_bytes()[:offset])
    found = faults(dataset)
    assert found[0] == f"{SHARD}: has {offset:,} bytes, dataset.json says {size:,}"
    assert f"{INDEX}: has 6 lines, the shard has 4 records" in found
    assert f"{SHARD}: holds 4 events, dataset.json says 6" in found


def test_verify_dataset_reports_appended_bytes(dataset: Dataset) -> None:
    shard = dataset.folder / SHARD
    size = shard.stat().st_size
    with shard.open("ab") as file:
        file.write(b"more")
    assert f"{SHARD} at offset {size}: the record is truncated" in faults(dataset)


def test_verify_dataset_reports_missing_index_as_only_fault(dataset: Dataset) -> None:
    (dataset.folder / INDEX).unlink()
    assert faults(dataset) == [f"{INDEX}: is missing; the records were found without it"]


def test_verify_dataset_loses_rest_of_shard_without_index_and_length(dataset: Dataset) -> None:
    offset, _ = read_spans(dataset)[2]
    (dataset.folder / INDEX).unlink()
    flip_bit(dataset.folder / SHARD, offset)
    assert f"{SHARD} at offset {offset}: no record after this one can be found" in faults(dataset)


def test_verify_dataset_reports_index_of_other_shard_without_using_it(dataset: Dataset) -> None:
    size = read_spans(dataset)[0][1]
    shutil.copy(dataset.folder / "val-00000-of-00001.idx", dataset.folder / INDEX)
    other = read_spans(dataset)[0][1]
    assert faults(dataset) == [
        f"{INDEX}: line 1 says offset 0, size {other}; the record has offset 0, size {size}"
    ]


def test_verify_dataset_reports_wrong_index_line(dataset: Dataset) -> None:
    index = dataset.folder / INDEX
    offset, size = read_spans(dataset)[1]
    index.write_text(index.read_text().replace(f"{offset} {size}\n", f"{offset} {size - 1}\n"))
    assert faults(dataset) == [
        (
            f"{INDEX}: line 2 says offset {offset}, size {size - 1}; "
            f"the record has offset {offset}, size {size}"
        )
    ]


def test_verify_dataset_reports_file_that_is_no_index(dataset: Dataset) -> None:
    (dataset.folder / INDEX).write_bytes(b"\xff\xfe\x00")
    assert faults(dataset) == [
        f"{INDEX}: is not an index of 'offset size' lines; the records were found without it"
    ]


def test_verify_dataset_checks_other_shards_if_one_is_missing(dataset: Dataset) -> None:
    (dataset.folder / SHARD).unlink()
    flip_bit(dataset.folder / "val-00000-of-00001.tfrecord", 0)
    found = faults(dataset)
    assert found[0] == f"{SHARD}: is missing"
    assert found[1].startswith("val-00000-of-00001.tfrecord at offset 0: ")


@pytest.mark.parametrize("name", ["train-00001-of-00002.tfrecord", "old.idx"])
def test_verify_dataset_reports_file_of_no_split(dataset: Dataset, name: str) -> None:
    (dataset.folder / name).write_bytes(b"")
    assert faults(dataset) == [f"{name}: is not named in dataset.json"]


@pytest.mark.parametrize(
    "name",
    [".unfinished.json", f".{SHARD}.json", f".{SHARD}.123.partial", ".dataset.json.7.partial"],
)
def test_verify_dataset_reports_files_left_by_interrupted_build(
    dataset: Dataset, name: str
) -> None:
    (dataset.folder / name).write_bytes(b"{}")
    assert faults(dataset) == [f"{name}: is left over from an interrupted build: remove it"]


def test_verify_dataset_reports_wrong_event_count_of_shard_and_split(dataset: Dataset) -> None:
    edit_manifest(dataset, lambda data: data["splits"]["train"]["shards"][0].update(events=7))
    assert faults(dataset) == [
        "dataset.json: says 6 events for split 'train', its shards 7",
        f"{SHARD}: holds 6 events, dataset.json says 7",
    ]


def test_verify_dataset_reports_wrong_photo_count(dataset: Dataset) -> None:
    edit_manifest(dataset, lambda data: data["splits"]["val"]["shards"][0].update(images=4))
    assert "val-00000-of-00001.tfrecord: holds 3 photos, dataset.json says 4" in faults(dataset)


def test_verify_dataset_reports_wrong_total_of_split(dataset: Dataset) -> None:
    edit_manifest(dataset, lambda data: data["splits"]["val"].update(images=99))
    assert faults(dataset) == ["dataset.json: says 99 images for split 'val', its shards 3"]


def test_verify_dataset_reports_wrong_class_count(dataset: Dataset) -> None:
    edit_manifest(dataset, lambda data: data["labels"]["species"]["counts"]["val"].update(fox=5))
    assert faults(dataset) == [
        "dataset.json: says 5 for class 'fox' of label 'species' in split 'val', the records hold 0"
    ]


def test_verify_dataset_reports_wrong_hash(dataset: Dataset) -> None:
    edit_manifest(
        dataset, lambda data: data["splits"]["train"]["shards"][0].update(sha256="0" * 64)
    )
    assert faults(dataset) == [f"{SHARD}: its sha256 is not the one in dataset.json"]


def test_verify_dataset_reports_event_in_two_splits_with_both_locations(
    dataset_of: Callable[..., Dataset],
) -> None:
    jpeg = encode_jpeg(PIXELS, 90)
    one, other, again = (make_event(jpeg, event_id=name) for name in ("one", "other", "one"))
    dataset = dataset_of({"train": [other, one], "val": [again]}, {"species": ("deer", "fox")})
    at = read_spans(dataset)[1][0]
    assert faults(dataset) == [
        (
            "val-00000-of-00001.tfrecord at offset 0: event 'one' is also in split 'train': "
            f"{SHARD} at offset {at}"
        )
    ]


def test_verify_dataset_accepts_repeated_event_in_one_split(
    dataset_of: Callable[..., Dataset],
) -> None:
    event = make_event(encode_jpeg(PIXELS, 90))
    assert faults(dataset_of({"train": [event, event]}, {"species": ("deer", "fox")})) == []


@pytest.mark.parametrize(
    ("jpeg", "reason"),
    [
        (b"not a picture", "is not a JPEG"),
        (encode_with_pillow(progressive=True), "is not a baseline 4:2:0 JPEG"),
        (encode_with_pillow("4:4:4"), "is not a baseline 4:2:0 JPEG"),
        (encode_rotated(), "is not upright"),
        (encode_jpeg(PIXELS, 90)[:-400], "can't be decoded: premature end of JPEG file"),
        (encode_jpeg(PIXELS[:40], 90), "has 40 × 64 pixels, the record says 48 × 64"),
    ],
)
def test_verify_dataset_reports_photo_of_wrong_kind_or_size(
    dataset_with: Callable[[EventRecord], Dataset], jpeg: bytes, reason: str
) -> None:
    assert faults(dataset_with(make_event(jpeg))) == [
        f"{SHARD} at offset 0: photo 0 of event 'e' {reason}"
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": {}}, "event 'e' has no label 'species'"),
        ({"labels": {"species": (1,), "age": (0,)}}, "event 'e' has an unknown label 'age'"),
        (
            {"labels": {"species": (-2,)}},
            "label 'species' of event 'e' has the number -2, its classes are 0 to 1",
        ),
        ({"labels": {"species": ()}}, "the labels of event 'e' have 0 observations"),
        (
            {"sizes": ((48, 64), (48, 64))},
            "'image/height' and 'image/width' have 2 entries for 1 photo",
        ),
        ({"paths": ()}, "'image/paths' have 0 entries for 1 photo"),
    ],
)
def test_verify_dataset_reports_inconsistent_record(
    dataset_with: Callable[[EventRecord], Dataset], changes: dict[str, Any], reason: str
) -> None:
    assert f"{SHARD} at offset 0: {reason}" in faults(
        dataset_with(make_event(encode_jpeg(PIXELS, 90), **changes))
    )


def test_verify_dataset_reports_label_number_without_class(
    dataset_of: Callable[..., Dataset],
) -> None:
    event = make_event(encode_jpeg(PIXELS, 90), labels={"species": (2,)})
    dataset = dataset_of({"train": [event]}, {"species": ("deer", "fox")})
    assert faults(dataset) == [
        (
            f"{SHARD} at offset 0: label 'species' of event 'e' has the number 2, "
            "its classes are 0 to 1"
        )
    ]


def test_verify_dataset_stops_at_max_faults(dataset: Dataset) -> None:
    for offset, _ in read_spans(dataset):
        flip_bit(dataset.folder / SHARD, offset + 20)
    assert (len(verify(dataset).faults), verify(dataset).complete) == (7, True)
    assert (len(verify(dataset, 7).faults), verify(dataset, 7).complete) == (7, True)
    assert (len(verify(dataset, 3).faults), verify(dataset, 3).complete) == (3, False)


def test_verify_dataset_does_not_read_impossible_length(dataset: Dataset) -> None:
    shard = dataset.folder / SHARD
    length = struct.pack("<Q", 2**60)
    shard.write_bytes(length + struct.pack("<I", masked_crc(length)) + shard.read_bytes()[12:])
    assert f"{SHARD} at offset 0: the record is truncated" in faults(dataset)


def test_open_for_verification_refuses_folder_without_dataset(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"it has no dataset\.json"):
        open_for_verification(tmp_path)


def test_open_for_verification_refuses_unfinished_dataset(tmp_path: Path) -> None:
    (tmp_path / ".unfinished.json").write_text("{}")
    with pytest.raises(InputError, match="--resume"):
        open_for_verification(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.update(format_version=99), "update ctc"),
        (lambda data: data.pop("labels"), "damaged"),
        (lambda data: data["splits"]["train"]["shards"][0].update(bytes="many"), "damaged"),
        (lambda data: data["splits"]["train"]["shards"][0].update(file="../x.tfrecord"), "damaged"),
    ],
)
def test_open_for_verification_refuses_unusable_manifest(
    dataset: Dataset, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    edit_manifest(dataset, change)
    with pytest.raises(InputError, match=message):
        open_for_verification(dataset.folder)
