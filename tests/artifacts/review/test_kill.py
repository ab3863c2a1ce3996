"""Nothing that was acknowledged is lost, and nothing is there twice, whenever a process dies."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing

import pytest
from review_events import LABELS, make_event

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.store import ReviewStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.subprocess,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork"),
]

KILLS = 100
EVENTS = 40
SCRIPT = """
import json, os, random, signal, sys, time
from pathlib import Path
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.store import ReviewStore

path, keys, kills = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])

def answer_for_ever(round_number, pipe):
    random.seed(round_number)
    with ReviewStore.open(path) as store:
        reviewer = store.ensure_reviewer("Ann")
        number = 0
        while True:
            some = random.sample(keys, random.choice([1, 1, 1, 5]))
            request = f"{round_number}-{number}"
            name = random.choice(["fox", "wolf"])
            store.answer(reviewer, some, Answer({"species": (name,)}), request=request)
            os.write(pipe, f"{request} {name} {' '.join(some)}\\n".encode())
            number += 1

for round_number in range(kills):
    moment = random.Random(1_000 + round_number)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        answer_for_ever(round_number, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as lines:
        seen = [lines.readline() for _ in range(moment.randrange(4))]
        time.sleep(moment.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for line in [*seen, *lines.read().splitlines(keepends=True)]:
            sys.stdout.write(line.decode())
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The store after all kills, and the acknowledged answers: request, class, keys."""
    path = tmp_path_factory.mktemp("killed") / "review.sqlite"
    with ReviewStore.open(path, make=True) as store:
        store.replace_events([make_event(str(number)) for number in range(EVENTS)], LABELS)
        keys = [event.key for event in store.iter_events()]
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), json.dumps(keys), str(KILLS)],
        check=True,
        capture_output=True,
        text=True,
    )
    return path, [line.split() for line in told.stdout.splitlines()]


def requests(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT request, after, event FROM actions JOIN records"
            " ON records.action = actions.number ORDER BY records.number"
        ).fetchall()


def test_no_acknowledged_answer_is_lost(killed):
    path, acknowledged = killed
    there = {(request, event): after for request, after, event in requests(path)}
    assert len(acknowledged) > KILLS
    for request, name, *events in acknowledged:
        for event in events:
            assert there[request, event] == Answer({"species": (name,)}).to_json()


def test_no_answer_is_there_twice(killed):
    path, _ = killed
    counts = Counter((request, event) for request, _, event in requests(path))
    assert max(counts.values()) == 1


def test_at_most_one_answer_of_a_killed_process_was_not_acknowledged(killed):
    path, acknowledged = killed
    told = {request for request, *_ in acknowledged}
    more = Counter(
        request.partition("-")[0] for request in {row[0] for row in requests(path)} - told
    )
    assert max(more.values(), default=0) <= 1


def test_events_are_as_the_records_say(killed):
    path, _ = killed
    last = {event: after for _, after, event in requests(path)}
    with ReviewStore.open(path) as store:
        found = {event.key: event.answer for event in store.iter_events(["answered"])}
    assert {key: answer.to_json() for key, answer in found.items()} == last


def test_file_is_sound(killed):
    path, _ = killed
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
