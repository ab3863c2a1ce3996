"""`--log-json`: all messages as JSON lines, whatever is shown."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ctc.cli.console import console
from ctc.cli.console import progress as progress_module
from ctc.cli.main import run


def lines(path: Path) -> list[dict[str, object]]:
    """Return the lines without their times."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(line.pop("time").endswith("+00:00") for line in found)
    return found


@pytest.fixture
def red_photos(tmp_path: Path) -> Path:
    from PIL import Image

    (tmp_path / "photos").mkdir()
    Image.new("RGB", (40, 30), (220, 70, 30)).save(tmp_path / "photos" / "a.jpg")
    (tmp_path / "photos" / "b.jpg").write_bytes(b"no photo")
    return tmp_path / "photos"


def test_json_log_holds_run_from_start_to_end(red_model, red_photos, tmp_path, capsys) -> None:
    log = tmp_path / "log.jsonl"
    arguments = [
        "predict",
        str(red_model),
        str(red_photos),
        "--output",
        str(tmp_path / "p.csv"),
        "--threads",
        "1",
    ]
    assert run(["--log-json", str(log), "--quiet", *arguments]) == 3
    start, *messages, end = lines(log)
    assert start.pop("version")
    assert start == {"kind": "start", "arguments": arguments}
    assert end.pop("seconds") > 0
    assert end == {"kind": "end", "exit_code": 3}
    assert {"kind": "message", "text": "the network runs on 'cpu'"} in messages
    (progress,) = [line for line in messages if line["kind"] == "progress"]
    assert progress == {
        "kind": "progress",
        "what": "predict",
        "done": 2,
        "total": 2,
        "failed": 1,
        "note": "",
    }
    (warning,) = [line["text"] for line in messages if line["kind"] == "warning"]
    assert warning.startswith("1 failed and is listed in ")
    assert capsys.readouterr().err.splitlines()[0] == f"warning: {warning}"


def test_json_log_appends_and_is_accepted_after_the_command(tmp_path, capsys) -> None:
    log = tmp_path / "log.jsonl"
    for _ in range(2):
        assert (
            run(["predict", "no.onnx", "photos", "--output", "p.csv", "--log-json", str(log)]) == 2
        )
    assert [line["kind"] for line in lines(log)] == 2 * ["start", "error", "end"]
    assert lines(log)[1] == {
        "kind": "error",
        "text": "model 'no.onnx' is not there: make one with `ctc export` or `ctc import`",
    }


def test_json_log_holds_progress_at_intervals(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(progress_module, "LOG_INTERVAL_SECONDS", 0.0)
    console.open_json_log(tmp_path / "log", [])
    with console.progress("work", 3) as bar:
        bar.advance()
        bar.note("loss 0.5")
        bar.advance(2, failed=1)
    console.close_json_log(0)
    messages = [
        (line["done"], line["failed"], line["note"])
        for line in lines(tmp_path / "log")
        if line["kind"] == "progress"
    ]
    assert messages == [(1, 0, ""), (3, 1, "loss 0.5"), (3, 1, "loss 0.5")]


@pytest.mark.subprocess
def test_json_log_holds_traceback_of_a_bug(tmp_path) -> None:
    code = "from ctc.cli import main; import ctc.plugin.manager as m; m.discover = None; main()"
    command = [sys.executable, "-c", code, "--log-json", str(tmp_path / "log"), "plugins"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    _, error, end = lines(tmp_path / "log")
    assert "TypeError: 'NoneType' object is not callable" in str(error["text"])
    assert (error["kind"], end["exit_code"]) == ("error", 1)


def test_json_log_handler_writes_level_and_traceback(tmp_path) -> None:
    log = logging.Logger("server")
    log.addHandler(console.JsonLogHandler())
    console.open_json_log(tmp_path / "log", [])
    log.info("serving")
    log.info("request", extra={"fields": {"status": 200}})
    log.warning("100% odd")
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("it failed")
    console.close_json_log(0)
    _, *messages, failure, _ = lines(tmp_path / "log")
    assert messages == [
        {"kind": "message", "text": "serving"},
        {"kind": "request", "status": 200},
        {"kind": "warning", "text": "100% odd"},
    ]
    first, *_, last = str(failure["text"]).splitlines()
    assert (failure["kind"], first, last) == ("error", "it failed", "ValueError: broken")


def test_json_log_that_cannot_be_opened_is_an_error(tmp_path, capsys) -> None:
    assert run(["--log-json", str(tmp_path), "plugins"]) == 1
    assert capsys.readouterr().err == f"error: is a directory: '{tmp_path}'\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name, to break it")
def test_json_log_that_breaks_is_closed_with_a_warning(tmp_path, capsys) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    console.open_json_log(tmp_path / "pipe", [])
    os.close(reader)
    console.warn("one")
    console.warn("two")
    assert capsys.readouterr().err.splitlines() == [
        "warning: can't write the log any more: broken pipe",
        "warning: one",
        "warning: two",
    ]
