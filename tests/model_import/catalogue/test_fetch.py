"""Files of a model: fetched, checked, continued; nothing is kept of what is not as listed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ctc.errors import CtcError, InputError, UsageError
from ctc.model_import.catalogue.entry import ListedFile
from ctc.model_import.catalogue.fetch import fetched
from ctc.model_import.catalogue.model_list import ModelList, read_list
from ctc.reporting import NullReporter
from ctc.storage.paths import parse_path

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


class Told(NullReporter):
    """Keeps what is reported, and adds up the progress."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.done = 0

    def info(self, message: str) -> None:
        self.lines.append(message)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        self.done += done


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CTC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def on_the_web(entry: dict[str, Any], write_list: Any, web: str) -> ModelList:
    write_list(entry)
    return read_list(parse_path(f"{web}/models.json"))


def test_fetched_from_the_web_is_removed_after_use(on_the_web: ModelList, cache: Path) -> None:
    model, told = on_the_web.models[0], Told()
    with fetched(on_the_web, model, told) as path:
        assert path.name == "park.onnx"
        assert path.is_relative_to(cache)
        assert path.stat().st_size == model.network.size == told.done
    assert files_in(cache) == []


def test_fetched_stays_for_the_next_attempt_after_a_failure(
    on_the_web: ModelList, cache: Path, tmp_path: Path
) -> None:
    model = on_the_web.models[0]
    with pytest.raises(ZeroDivisionError), fetched(on_the_web, model, Told()):
        raise ZeroDivisionError
    assert "park.onnx" in files_in(cache)
    (tmp_path / "site" / "park.onnx").unlink()
    with fetched(on_the_web, model, Told()) as path:
        assert path.is_file()


def test_fetched_continues_a_download(on_the_web: ModelList, cache: Path, tmp_path: Path) -> None:
    model, told = on_the_web.models[0], Told()
    assert model.network.sha256
    part = cache / "downloads" / model.network.sha256 / "park.onnx.part"
    part.parent.mkdir(parents=True)
    part.write_bytes((tmp_path / "site" / "park.onnx").read_bytes()[:100])
    with fetched(on_the_web, model, told) as path:
        assert path.stat().st_size == model.network.size
    assert told.lines == ["continuing the download of 'park.onnx' after 100 bytes"]


@pytest.mark.parametrize("is_remote", [True, False])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"short", "it has 5 bytes, not"),
        (b"x" * 100_000, "it is larger than"),
        (None, "its SHA-256 is .*, not"),
    ],
)
def test_fetched_keeps_nothing_of_another_file(
    is_remote: bool,
    content: bytes | None,
    reason: str,
    entry: dict[str, Any],
    write_list: Any,
    web: str,
    cache: Path,
    tmp_path: Path,
) -> None:
    place = write_list(entry)
    file = tmp_path / "site" / "park.onnx"
    file.write_bytes(file.read_bytes()[::-1] if content is None else content)
    found = read_list(parse_path(f"{web}/models.json") if is_remote else place)
    with pytest.raises(InputError, match=rf"is not what the list says: {reason}"), ExitStack() as s:
        s.enter_context(fetched(found, found.models[0], Told()))
    assert files_in(cache) == []


def test_fetched_refuses_what_has_no_checksum(entry: dict[str, Any], write_list: Any) -> None:
    found = read_list(write_list({**entry, "sha256": None}))
    told = Told()
    with pytest.raises(UsageError, match="add --without-checksum"), ExitStack() as stack:
        stack.enter_context(fetched(found, found.models[0], told))
    with fetched(found, found.models[0], told, unchecked=True) as path:
        assert path.is_file()
    assert told.lines == [f"SHA-256 of park.onnx: {entry['sha256']}, {entry['size']} bytes"]


def test_fetched_brings_the_files_beside(
    entry: dict[str, Any], write_list: Any, web: str, tmp_path: Path
) -> None:
    (tmp_path / "site" / "names").mkdir()
    (tmp_path / "site" / "names" / "list").write_text("fox\nwolf\n")
    write_list({**entry, "beside": [{"name": "classes.txt", "url": "names/list"}]})
    found = read_list(parse_path(f"{web}/models.json"))
    with fetched(found, found.models[0], Told(), unchecked=True) as path:
        assert path.with_name("classes.txt").read_text() == "fox\nwolf\n"


def test_fetched_from_a_server_that_is_gone(on_the_web: ModelList, tmp_path: Path) -> None:
    model = on_the_web.models[0]
    (tmp_path / "site" / "park.onnx").unlink()
    with pytest.raises(InputError, match="is not there: tell whoever"), ExitStack() as stack:
        stack.enter_context(fetched(on_the_web, model, Told()))
    offline = ListedFile("park.onnx", "http://127.0.0.1:9/park.onnx", 5, "0" * 64)
    with pytest.raises(CtcError, match=r"can't be fetched: .*continue$"), ExitStack() as stack:
        stack.enter_context(fetched(on_the_web, replace(model, network=offline), Told()))
