"""An S3 server on this machine, and engine runs that are killed at a known point."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from ctc.storage.paths import parse_path

SERVER = """
import sys
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
WAIT_AFTER_FIRST_PART = """
import importlib, sys, threading
from ctc.cli import main

engine = importlib.import_module(sys.argv.pop(1))
map_parts = engine.map_parts

def map_first_part(task, parts, options):
    first, *others = parts
    yield from map_parts(task, iter([first]), options)
    if others:  # unlike the measurement of the batch size, which is one part
        print("first part done", flush=True)
        threading.Event().wait()

engine.map_parts = map_first_part
main()
"""


@pytest.fixture(scope="session")
def s3_server() -> Iterator[None]:
    """moto's S3 server in its own process, at a free port; the environment points to it."""
    with (
        subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        assert server.stdout is not None
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{int(server.stdout.readline())}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield
        server.kill()


@pytest.fixture
def bucket(s3_server: None) -> Path:
    """A folder in a new bucket."""
    new = parse_path(f"s3://{uuid4()}")
    new.fs.mkdir(new.path)  # type: ignore[attr-defined]
    return new / "work"


@pytest.fixture
def kill_after_first_part() -> Callable[[str, list[str]], None]:
    """A function that runs a command and kills it once its engine has done a part.

    The engine is named by its module. The command waits after the first part, so that it can't end
    before it is killed.
    """

    def run(engine: str, command: list[str]) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", WAIT_AFTER_FIRST_PART, engine, *command],
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == "first part done\n"
            process.kill()
        assert process.returncode == -signal.SIGKILL

    return run
