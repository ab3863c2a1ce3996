"""Networks that never answer: opening them ends in time, and batches can be stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.errors import InputError
from ctc.runtime import first_run
from ctc.runtime.session import load_model


@pytest.fixture(scope="module")
def endless(write_endless_model, tmp_path_factory) -> Path:
    return write_endless_model(tmp_path_factory.mktemp("endless") / "model.onnx")


def test_load_model_refuses_a_network_that_never_answers(endless, monkeypatch) -> None:
    monkeypatch.setattr(first_run, "TIMEOUT", 0.2)
    with pytest.raises(InputError, match=r"it gave no answer for an empty photo within 0.2 s"):
        load_model(endless)
    assert "ctc-first-run" not in {thread.name for thread in threading.enumerate()}


def test_model_interrupt_stops_batches_in_the_network(build_model, endless, monkeypatch) -> None:
    model = load_model(build_model())
    # an endless loop that the first run does not meet
    monkeypatch.setattr(first_run, "open_and_run", lambda path, opened, *rest: opened())
    monkeypatch.setattr("ctc.runtime.network.open_and_run", first_run.open_and_run)
    stuck = load_model(endless)
    failed: list[Exception] = []

    def predict() -> None:
        try:
            stuck.predict(np.zeros((1, 8, 12, 3), np.uint8))
        except InputError as error:
            failed.append(error)

    thread = threading.Thread(target=predict, daemon=True)
    thread.start()
    while thread.is_alive():
        stuck.interrupt()
        thread.join(0.05)
    assert "failed on a batch of 1" in str(failed[0])
    model.interrupt()
    assert len(model.predict(np.zeros((1, 8, 12, 3), np.uint8))["species"]) == 1


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["TERM", "INT"]
)
def test_predict_with_an_endless_network_ends_on_a_signal(
    endless, tmp_path, number: int, code: int
) -> None:
    photo, output = tmp_path / "a.jpg", tmp_path / "o.csv"
    Image.new("RGB", (20, 20)).save(photo)
    watch = (
        "import ctc.runtime.network as s; o=s.open_and_run\n"
        "def w(*a): print('opening', flush=True); return o(*a)\n"
        "s.open_and_run=w; from ctc.cli import main; main()"
    )
    command = [sys.executable, "-c", watch, "predict", endless, photo, "--output", output]
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "opening\n"
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(60) == code
