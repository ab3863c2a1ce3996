"""Large JSON documents: any chunk borders, and invalid documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ctc.errors import InputError, UsageError
from ctc_plugins.formats import json_stream
from ctc_plugins.formats.json_stream import has_any_key, read_document

DATA = {
    "info": {"a": [1, {"b": "]}"}]},
    "n": -12.5e3,
    "rows": [{"x": 'q"\\é', "y": 123}, {}, {"x": [[]]}],
    "end": None,
}


def read(path: Path) -> list[tuple[str, Any]]:
    return [(key, getattr(value, "fields", value)) for key, value in read_document(path, ("rows",))]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("indent", [None, 2])
def test_read_document_with_any_chunk_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    path = tmp_path / "document.json"
    path.write_text("\ufeff" + json.dumps(DATA, indent=indent), encoding="utf-8")
    rows = [("rows", row) for row in DATA["rows"]]
    assert read(path) == [("info", DATA["info"]), ("n", DATA["n"]), *rows, ("end", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold a JSON object"),
        ("[]", "must hold a JSON object"),
        ("{}", "has no 'rows'"),
        ('{"rows": []', r"truncated or not JSON: '}' is missing near character 12"),
        ('{"rows": [{}', r"truncated or not JSON: a complete value is missing near character 11"),
        ('{"rows": [{} {}]}', "a complete value is missing near character 11"),
        ('{"rows": []} {}', "the end is missing near character 14"),
        ('{"rows": [], "rows": []}', "has 'rows' twice"),
        ('{1: 2, "rows": []}', "a name in quotes is missing"),
        (
            '{"rows": [{}, {"x": {"a": 1, "b": 2, "a": 3}}]}',
            "has 'a' twice in one object near character 15",
        ),
        ('{"rows": [' + "[" * 100_000, "nested too deeply"),
        ('{"rows": [' + "9" * 5000 + "]}", "a complete value is missing"),
    ],
)
def test_read_document_rejects_invalid_document(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "document.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read(tmp_path / "document.json")


def test_read_document_accepts_repeated_key_with_same_value(tmp_path: Path) -> None:
    (tmp_path / "document.json").write_text('{"rows": [{"x": [1], "x": [1]}]}')
    assert read(tmp_path / "document.json") == [("rows", {"x": [1]})]


def test_read_document_rejects_text_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "document.json").write_bytes('{"rows": [{"x": "é"}]}'.encode("cp1252"))
    with pytest.raises(InputError, match="not UTF-8"):
        read(tmp_path / "document.json")


def test_read_document_names_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.json' does not exist"):
        read(tmp_path / "nowhere.json")


def test_has_any_key_reads_json_files_only(tmp_path: Path) -> None:
    for name in ("a.json", "a.txt"):
        (tmp_path / name).write_text('{"detections": []}')
    assert [
        has_any_key(tmp_path / name, "detections") for name in ("a.json", "a.txt", "nowhere.json")
    ] == [
        True,
        False,
        False,
    ]
    assert not has_any_key(tmp_path / "a.json", "detection")
