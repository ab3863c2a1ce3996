"""Lists: read from a disk and the web, with what is refused of a stranger's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ctc.errors import CtcError, InputError, UsageError
from ctc.model_import.catalogue.model_list import check_url, find_model, read_list, read_lists
from ctc.storage.paths import parse_path

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
AGAIN = {"sha256": "0" * 64}


def test_read_list_from_a_disk(entry: dict[str, Any], write_list: Any) -> None:
    found = read_list(write_list(entry, name="models.json"))
    assert [model.name for model in found.models] == ["park-species"]
    assert found.locate("park.onnx").read_bytes()


def test_read_list_from_the_web(entry: dict[str, Any], write_list: Any, web: str) -> None:
    write_list(entry)
    found = read_list(parse_path(f"{web}/models.json"))
    assert found.name == f"{web}/models.json"
    assert str(found.locate("sub/park.onnx")) == f"{web}/sub/park.onnx"


def test_read_list_takes_the_byte_order_mark_of_windows(entry: Any, write_list: Any) -> None:
    path = write_list(entry)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_list(path).find("park-species") is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"[]", "a list, not a JSON object"),
        (b"\x89PNG\r\n", "it is not a text file in UTF-8"),
        (b'{"format": "other"}', "'format' is 'other'"),
        (b'{"format": "ctc-model-list", "format_version": 2, "models": []}', "update ctc"),
        (b'{"format": "ctc-model-list", "format_version": 1}', "'models' is null, not a list"),
        (b'{"format": "ctc-model-list", "format_version": 1, "model": []}', "'models'"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b'{"size": ' + b"9" * 10_000 + b"}", "not JSON that can be read"),
    ],
)
def test_read_list_refuses(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "models.json"
    path.write_bytes(content)
    with pytest.raises(CtcError, match=reason) as caught:
        read_list(path)
    assert "\n" not in str(caught.value)


def test_read_list_refuses_one_that_is_too_large(
    entry: Any, write_list: Any, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctc.model_import.catalogue.model_list.MAX_LIST_BYTES", 100)
    path = write_list(entry)
    with pytest.raises(InputError, match="larger than"):
        read_list(path)
    with pytest.raises(InputError, match="larger than 100 bytes"):
        read_list(parse_path(f"{web}/models.json"))


def test_read_list_refuses_two_models_of_one_name(entry: Any, write_list: Any) -> None:
    with pytest.raises(InputError, match="two models called 'Park-Species'"):
        read_list(write_list(entry, {**entry, "name": "Park-Species"}))


@pytest.mark.parametrize(
    ("place", "url", "allowed"),
    [
        ("https://example.org/a/models.json", "https://cdn.example.com/x.onnx", True),
        ("https://example.org/a/models.json", "sub/x.onnx", True),
        ("https://example.org/a/models.json", "http://example.org/x.onnx", False),
        ("http://example.org/models.json", "http://example.org/x.onnx", True),
        ("https://example.org/models.json", "file:///etc/passwd", False),
        ("https://example.org/models.json", "s3://my-bucket/secret.onnx", False),
        ("https://example.org/models.json", "memory://x.onnx", False),
        ("https://example.org/models.json", "https://me:pass@example.org/x.onnx", False),
        ("https://example.org/models.json", "/etc/passwd", False),
        ("https://example.org/models.json", "../x.onnx", False),
        ("models.json", "x.onnx", True),
        ("models.json", "sub/x.onnx", True),
        ("models.json", "https://example.org/x.onnx", True),
        ("models.json", "file:///etc/passwd", False),
        ("models.json", "/etc/passwd", False),
        ("models.json", "../x.onnx", False),
        ("models.json", "C:\\x.onnx", False),
        ("models.json", "C:/x.onnx", False),
        ("models.json", "https://a.org/x::file:///etc/passwd", False),
    ],
)
def test_check_url_allows_the_web_and_the_folder_of_the_list(
    place: str, url: str, allowed: bool
) -> None:
    where = parse_path(place)
    if allowed:
        check_url(url, where, "the list")
    else:
        with pytest.raises(InputError, match=r"^the list: '"):
            check_url(url, where, "the list")


def test_check_url_refuses_a_link_that_leaves_the_folder(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "x.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(InputError, match="not a file below the folder of the list"):
        check_url("x.onnx", tmp_path / "site" / "models.json", "the list")


def test_read_lists_tells_of_those_that_fail(entry: Any, write_list: Any, tmp_path: Path) -> None:
    path = write_list(entry)
    found, faults = read_lists([tmp_path / "none.json", path, path])
    assert [one.place for one in found] == [path]
    assert faults == [f"the list '{tmp_path / 'none.json'}' does not exist"]


def test_find_model_suggests_the_nearest(entry: Any, write_list: Any) -> None:
    lists = [read_list(write_list(entry))]
    assert find_model(lists, "park-species")[1].summary == "Foxes and wolves"
    with pytest.raises(UsageError, match="did you mean 'park-species'"):
        find_model(lists, "park-specis")


def test_find_model_refuses_two_different_ones_of_a_name(entry: Any, write_list: Any) -> None:
    one = read_list(write_list(entry))
    same = read_list(write_list(entry, name="same.json"))
    other = read_list(write_list({**entry, **AGAIN}, name="other.json"))
    assert find_model([one, same], "park-species")[0] is one
    with pytest.raises(UsageError, match=r"models\.json' and .*other\.json': give the one"):
        find_model([one, other], "park-species")
