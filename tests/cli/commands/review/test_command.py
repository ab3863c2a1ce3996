"""`ctc review` and `ctc label` in their own processes: start, stop, refused options."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from review_world import draw_photo

from ctc.artifacts.review.store import ReviewStore
from ctc.cli.main import run

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
URL = re.compile(r"reviewing on (http://[^ \"]+/)")
pytestmark = pytest.mark.subprocess


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Write two photos, and predictions of them."""
    for name in ("a.jpg", "b.jpg"):
        draw_photo(tmp_path / "photos" / name, 1)
    rows = [
        'a.jpg,species,fox,0.9,"{""fox"": 0.9, ""hare"": 0.1}"',
        'b.jpg,species,hare,0.6,"{""fox"": 0.4, ""hare"": 0.6}"',
    ]
    header = "id,label,prediction_top,confidence_top,predictions_all"
    (tmp_path / "predictions.csv").write_text("\n".join([header, *rows]) + "\n")
    return tmp_path


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    """Return a function that runs a command on a free port: (process, URL, lines so far)."""
    processes = []

    def begin(*arguments: str):
        process = subprocess.Popen(
            [*CTC, *arguments, "--port", "0", "--no-browser"],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"CTC_CACHE": str(tmp_path / "cache")},
        )
        processes.append(process)
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := URL.search(line):
                return process, found[1], lines
        raise AssertionError("".join(lines))

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


def fetch(url: str, content: object = None, token: str | None = None) -> dict:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None if content is None else json.dumps(content).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as reply:
        return json.load(reply)


REVIEW = ("review", "predictions.csv", "--photos", "photos", "--store", "review.sqlite")


def test_review_serves_predictions_and_stops_on_ctrl_c(world, start) -> None:
    process, url, lines = start(*REVIEW, "--reviewer", "Ana")
    (first, second) = fetch(f"{url}api/events")["events"]
    assert (first["id"], second["id"]) == ("a.jpg", "b.jpg")
    content = {"keys": [first["key"]], "answer": {"species": "hare"}, "request": "1"}
    fetch(f"{url}api/answers", content)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr.read().endswith("stopped: interrupted\n")
    assert "2 events with 2 photos; 0 are answered" in "".join(lines)
    with ReviewStore.open(world / "review.sqlite") as store:
        assert store.event(first["key"]).answers["Ana"].labels == {"species": ("hare",)}


def test_review_goes_on_without_predictions(world, start) -> None:
    process, _, _ = start(*REVIEW)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    (world / "photos").rename(world / "moved")
    _, url, _ = start("review", "--store", "review.sqlite", "--photos", "moved")
    (event, _) = fetch(f"{url}api/events")["events"]
    with urllib.request.urlopen(f"{url}api/photo/{event['key']}/0") as reply:
        assert reply.headers["content-type"] == "image/jpeg"
    assert not list((world / "moved").glob("*review*"))


def test_review_asks_for_the_tokens_of_a_file(world, start) -> None:
    (world / "reviewers.csv").write_text("name,role,token\nLea,lead,a-token-of-lea\n")
    _, url, _ = start(*REVIEW, "--token-file", "reviewers.csv")
    session = fetch(f"{url}api/session", token="a-token-of-lea")
    assert (session["reviewer"], session["role"]) == ("Lea", "lead")


def test_label_groups_photos_and_takes_classes_of_a_file(world, start) -> None:
    (world / "classes.txt").write_text("fox\nhare\n")
    _, url, _ = start("label", "photos", "--store", "labels.sqlite", "--classes", "classes.txt")
    (label,) = fetch(f"{url}api/session")["labels"]
    assert ([one["name"] for one in label["classes"]], label["is_open"]) == (["fox", "hare"], False)
    assert len(fetch(f"{url}api/events")["events"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["review", "--store", "nothing.sqlite"], "'nothing.sqlite' does not exist"),
        (["review", "--store", "predictions.csv"], "'predictions.csv' is no review store"),
        (["review", "--store", "x", "--truth", "y"], "--truth is about PREDICTIONS"),
        (["review", "nothing.csv", "--store", "x.sqlite"], "nothing.csv"),
        ([*REVIEW, "--token-file", "none.csv"], "the token file 'none.csv' is not there"),
        ([*REVIEW, "--label", "sex="], "--label 'sex=' is not NAME or NAME=CLASS,CLASS"),
        ([*REVIEW, "--host", "192.0.2.1"], "can't listen on '192.0.2.1'"),
        (["label", "nothing", "--store", "x.sqlite"], "'nothing' is not there"),
    ],
)
def test_refused_options(world, monkeypatch, capsys, arguments, message) -> None:
    monkeypatch.chdir(world)
    monkeypatch.setenv("CTC_CACHE", str(world / "cache"))
    assert run([*arguments, "--port", "0"]) in (1, 2)
    assert message in capsys.readouterr().err
    assert not (world / "x.sqlite").exists()
