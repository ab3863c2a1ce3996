"""Several processes and threads that answer at once."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from review_events import FOX, WOLF

from ctc.artifacts.review.versions import ConflictError

SCRIPT = """
import json, sys
from pathlib import Path
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.store import ReviewStore

path, name, keys = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
with ReviewStore.open(path) as store:
    reviewer = store.ensure_reviewer(name)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(40):
        fox = Answer({"species": ("fox",)})
        store.answer(reviewer, [keys[number % 5]], fox, request=str(number))
"""


@pytest.mark.subprocess
@pytest.mark.slow
def test_two_processes_answer_at_once(store, keys):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(store.path), name, json.dumps(keys)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("Ann", "Bob")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0]
    records = store.records()
    assert [record.number for record in records] == list(range(1, 81))
    assert sum(record.reviewer == "Ann" for record in records) == 40
    assert store.count_states() == {"answered": 5}


def test_threads_answer_at_once(store, keys, ann, bob):
    def answer(number):
        return store.answer((ann, bob)[number % 2], [keys[number % 5]], FOX)

    with ThreadPoolExecutor(8) as pool:
        records = [record for found in pool.map(answer, range(100)) for record in found]
    assert sorted(record.number for record in records) == list(range(1, 101))


def test_one_of_two_reviewers_at_once_is_told_of_the_other(store, keys, ann, bob):
    def answer(one):
        try:
            store.answer(*one, versions={keys[0]: 0})
        except ConflictError as error:
            return error.others[keys[0]]
        return None

    with ThreadPoolExecutor(2) as pool:
        told = set(pool.map(answer, [(ann, keys[:1], FOX), (bob, keys[:1], WOLF)]))
    assert told in ({None, "Ann"}, {None, "Bob"})
