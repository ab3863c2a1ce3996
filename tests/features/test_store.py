"""Embeddings files: what is written, what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctc.artifacts.predictions import Failure
from ctc.errors import CtcError, InputError, UsageError
from ctc.features.embed.results import EventFeatures, PhotoFeatures
from ctc.features.store import Embeddings, to_unit, write_embeddings
from ctc.plugin import OutputContext

KEY = b"ctc_embeddings"


def context(size: int = 2) -> OutputContext:
    settings = {"feature_size": size, "folder": "/photos"}
    created = datetime(2026, 1, 2, tzinfo=UTC)
    return OutputContext(
        "m.onnx", {}, created, Path("/photos"), {}, settings=settings, model_digest="ab"
    )


def event(name: str, *rows: list[float], **meta: str) -> EventFeatures:
    photos = tuple(
        PhotoFeatures(f"{name}{number}.jpg", np.array(row, np.float32), meta=meta)
        for number, row in enumerate(rows)
    )
    return EventFeatures(name, photos, meta)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    entries = [
        Failure("x.jpg", "empty file"),
        event("a", [3, 4], [0, 0], site="n", datetime="2020-01-01", path="p"),
        event("b", [1, 0], site="s", datetime="", path="q"),
    ]
    write_embeddings(iter(entries), tmp_path / "e.parquet", context())
    return tmp_path / "e.parquet"


def test_write_embeddings_columns(written) -> None:
    table = pq.read_table(written)
    assert table.column_names == [
        "event_id",
        "path",
        "datetime",
        "camera",
        "latitude",
        "longitude",
        "site",
        "meta_path",
        "features",
    ]
    assert table["site"].to_pylist() == ["n", "n", "s"]
    assert table["datetime"].to_pylist() == ["2020-01-01", "2020-01-01", ""]
    assert table["features"].type == pa.list_(pa.field("element", pa.float32(), False), 2)
    assert table["features"].to_pylist() == [[3, 4], [0, 0], [1, 0]]


def test_embeddings_read_in_blocks(written) -> None:
    found = Embeddings.read(written)
    assert (len(found), found.feature_size, found.model_digest) == (3, 2, "ab")
    assert "features" not in found.table.column_names
    blocks = [(start, block.tolist()) for start, block in found.blocks(2)]
    assert blocks == [(0, [[3, 4], [0, 0]]), (2, [[1, 0]])]


def test_unit_blocks_have_length_one_or_zero(written) -> None:
    ((_, block),) = Embeddings.read(written).unit_blocks(10)
    np.testing.assert_allclose(block, [[0.6, 0.8], [0, 0], [1, 0]])
    assert to_unit(np.zeros((1, 2), np.float32)).tolist() == [[0, 0]]


def test_many_rows_are_written_in_groups(tmp_path) -> None:
    wide = (event(f"{number}", [float(number)] * 9000) for number in range(1500))
    write_embeddings(wide, tmp_path / "e.parquet", context(9000))
    assert pq.ParquetFile(tmp_path / "e.parquet").num_row_groups == 2
    rows = [block[:, 0] for _, block in Embeddings.read(tmp_path / "e.parquet").blocks(400)]
    assert np.concatenate(rows).tolist() == list(range(1500))


def rewrite(path: Path, change) -> Path:
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[KEY])
    metadata = {KEY: change(about)}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: b"{", "its metadata is not JSON"),
        (lambda about: b"[]", "its metadata is a list"),
        (lambda about: json.dumps({**about, "format_version": 2}).encode(), "update ctc"),
        (lambda about: json.dumps({**about, "feature_size": 3}).encode(), "not 3 numbers"),
        (lambda about: json.dumps({**about, "feature_size": None}).encode(), "not None numbers"),
    ],
)
def test_damaged_metadata_is_refused(written, change, message) -> None:
    with pytest.raises(InputError, match=message):
        Embeddings.read(rewrite(written, change))


def test_other_files_are_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match="is not there: make it with `ctc embed`"):
        Embeddings.read(tmp_path / "none.parquet")
    pq.write_table(pa.table({"path": ["a"]}), tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="not an embeddings file: give the file that"):
        Embeddings.read(tmp_path / "t.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(CtcError, match=r"b\.parquet' can't be read"):
        Embeddings.read(tmp_path / "b.parquet")


def test_damaged_features_are_an_error(written) -> None:
    found = Embeddings.read(written)
    data = bytearray(written.read_bytes())
    data[4:-600] = b"\0" * (len(data) - 604)
    written.write_bytes(data)
    with pytest.raises(InputError, match="is damaged"):
        list(found.blocks(2))
