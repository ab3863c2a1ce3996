"""`ctc serve` in its own process: log, refused options and shutdown."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ctc.artifacts.model.file import INPUT_NAME, ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.store import ReviewStore
from ctc.cli.main import run

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
URL = re.compile(r"serving on (http://[^ \"]+)/")
pytestmark = [pytest.mark.subprocess, pytest.mark.slow]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that predicts 'fox' for red photos."""
    nodes = [
        helper.make_node("Cast", [INPUT_NAME], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("Softmax", ["mean"], ["species"]),
    ]
    graph = helper.make_graph(
        nodes,
        "red",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["N", 8, 8, 3])],
        [helper.make_tensor_value_info("species", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(np.array([1, 2], np.int64), "axes")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(
        made, ModelInfo({"species": ("fox", "frog", "jay")}, Preprocessing(8, 8)).to_metadata()
    )
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    onnx.save(made, path)
    return path


@pytest.fixture
def start() -> Iterator:
    """A function that runs `ctc serve` on a free port: (process, URL, lines printed so far)."""
    processes = []

    def serve(*arguments: object, script: str = CTC[-1], **environment: str):
        command = [*CTC[:-1], script, "serve", *map(str, arguments), "--port", "0"]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        processes.append(process)
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := URL.search(line):
                return process, found[1], lines
        raise AssertionError("".join(lines))

    yield serve
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


def ask(url: str, model: str = "model", size: int = 8, **headers: str) -> str:
    """Return the class that the server predicts for a red photo."""
    file = io.BytesIO()
    Image.new("RGB", (size, size), (255, 0, 0)).save(file, "PNG")
    headers = {"Content-Type": "image/png", **headers}
    request = urllib.request.Request(f"{url}/v1/models/{model}:predict", file.getvalue(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["predictions"][0]["labels"]["species"]["class"]


def refusal(url: str) -> int:
    """Return the status with which a red photo is refused."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(url)
    refused.value.close()
    return refused.value.code


def wait_for_one_photo(url: str) -> None:
    """Wait until one photo waits for its batch to fill."""
    waiting = ""
    while "ctc_queue_photos 1.0" not in waiting:
        with urllib.request.urlopen(f"{url}/metrics") as answer:
            waiting = answer.read().decode()


def test_serve_logs_models_address_and_requests(start, model) -> None:
    process, url, lines = start(model, f"night={model}")
    assert lines[0] == "model 'model' (species: 3 classes) runs on 'cpu'\n"
    assert [ask(url), ask(url, "night")] == ["fox", "fox"]
    line = process.stderr.readline()
    assert re.fullmatch(
        r'\S+T\S+ 127\.0\.0\.1 "POST /v1/models/model:predict" 200 \S+ ms 1 photo\n', line
    )


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_serve_answers_open_requests_on_signal(
    start, model, number: int, code: int, word: str
) -> None:
    process, url, _ = start(model, "--batch-size", 2, "--batch-wait", 1500)
    with ThreadPoolExecutor() as clients:
        answer = clients.submit(ask, url)
        wait_for_one_photo(url)
        process.send_signal(number)
        assert answer.result() == "fox"
    assert process.wait() == code
    assert process.stderr.read().splitlines()[-1] == f"stopped: {word}"
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url)


def test_serve_refuses_requests_after_grace(start, model) -> None:
    process, url, _ = start(model, "--batch-size", 2, "--batch-wait", 10**6, "--grace", 0.5)
    with ThreadPoolExecutor() as clients:
        answer = clients.submit(refusal, url)
        wait_for_one_photo(url)
        process.terminate()
        assert answer.result() == 503
    assert "Traceback" not in process.stderr.read()


def test_serve_log_format_json(start, model, tmp_path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    process, url, lines = start(model, "--log-format", "json", "--token-file", tmp_path / "token")
    assert ask(url, Authorization="Bearer s3cret") == "fox"
    written = json.loads(process.stderr.readline())
    assert [json.loads(line)["level"] for line in lines] == ["info", "info"]
    assert {name: written[name] for name in ("method", "path", "status", "model", "photos")} == {
        "method": "POST",
        "path": "/v1/models/model:predict",
        "status": 200,
        "model": "model",
        "photos": 1,
    }


def test_serve_log_format_json_holds_for_the_last_line(start, model) -> None:
    process, _, lines = start(model, "--log-format", "json")
    process.terminate()
    assert process.wait() == 143
    *_, last = [json.loads(line) for line in lines + process.stderr.readlines()]
    assert (last["level"], last["message"]) == ("info", "stopped: terminated")


def test_serve_log_format_json_holds_for_errors(model, capsys) -> None:
    assert run(["serve", "nothing.onnx", "--port", "0", "--log-format", "json"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["level"] == "error"
    assert json.loads(line)["message"].startswith("model 'nothing.onnx' is not there")


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_serve_ends_after_grace_though_a_photo_keeps_a_thread_busy(start, model, tmp_path) -> None:
    log = tmp_path / "log.jsonl"
    hang = (
        "import time; from ctc.serving import inputs, server; server.STOP_MARGIN_SECONDS = 0.5\n"
        "inputs.EncodedImage.read = lambda self, max_pixels: time.sleep(10**6)\n"
        "from ctc.cli import main; main()"
    )
    process, url, _ = start(model, "--grace", 0.5, "--timeout", 0.2, "--log-json", log, script=hang)
    assert [refusal(url), refusal(url)] == [504, 504]
    process.terminate()
    assert process.wait(60) == 143
    assert "a photo or a network still computes 1 s after the signal" in process.stderr.read()
    assert json.loads(log.read_text().splitlines()[-1])["exit_code"] == 143


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_serve_ends_though_an_endless_network_is_opened(
    start, model, tmp_path, write_endless_model
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(model.read_bytes())
    watch = (
        "import sys, ctc.serving.models.registry as r; o = r.open_model\n"
        "def w(*a): print('opening', file=sys.stderr, flush=True); return o(*a)\n"
        "r.open_model = w; from ctc.cli import main; main()"
    )
    process, _, _ = start(file, "--reload", 0.1, script=watch)
    write_endless_model(tmp_path / "new.onnx").replace(file)
    assert process.stderr.readline() == "opening\n"
    process.terminate()
    assert process.wait(20) == 143
    assert process.stderr.read() == "stopped: terminated\n"


def test_serve_log_json_holds_requests(start, model, tmp_path) -> None:
    log = tmp_path / "log.jsonl"
    process, url, _ = start(model, "--log-json", log)
    assert ask(url) == "fox"
    process.terminate()
    assert process.wait() == 143
    start_line, runs, serving, request, stopped, end = [
        json.loads(line) for line in log.read_text().splitlines()
    ]
    assert (start_line["kind"], runs["kind"], serving["kind"], end["kind"]) == (
        "start",
        "message",
        "message",
        "end",
    )
    assert (stopped["kind"], stopped["text"]) == ("message", "stopped: terminated")
    assert (runs["text"], serving["text"]) == (
        "model 'model' (species: 3 classes) runs on 'cpu'",
        f"serving on {url}/",
    )
    assert request.pop("ms") > 0 < request.pop("bytes")
    assert request.pop("time").endswith("+00:00")
    assert request == {
        "kind": "request",
        "client": "127.0.0.1",
        "method": "POST",
        "path": "/v1/models/model:predict",
        "status": 200,
        "model": "model",
        "photos": 1,
    }


def test_serve_writes_nothing_to_home(start, model, tmp_path) -> None:
    _, url, _ = start(model, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert ask(url) == "fox"
    assert list(tmp_path.iterdir()) == []


def test_serve_keeps_an_acknowledged_correction_when_it_is_killed(start, model, tmp_path) -> None:
    file = tmp_path / "review.sqlite"
    process, url, _ = start(model, "--store", file)
    body = {
        "reviewer": "Ann",
        "answer": {"species": "frog"},
        "id": "a.jpg",
        "photos": [{"path": "a.jpg"}],
        "labels": {"species": {"fox": 1, "frog": 0, "jay": 0}},
    }
    data = json.dumps(body).encode()
    with urllib.request.urlopen(f"{url}/v1/models/model:corrections", data) as answer:
        key = json.load(answer)["key"]
    process.kill()
    process.wait()
    with ReviewStore.open(file) as store:
        assert store.event(key).answer == Answer({"species": ("frog",)})


def test_serve_makes_no_store_where_a_model_can_not_be_opened(tmp_path) -> None:
    words = ["serve", str(tmp_path / "no.onnx"), "--port", "0"]
    assert run([*words, "--store", str(tmp_path / "review.sqlite")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_serve_requires_token_from_environment(start, model) -> None:
    _, url, _ = start(model, CTC_SERVE_TOKEN="s3cret")
    assert refusal(url) == 401


@pytest.mark.parametrize("token", ["", " ", "é", "two words", "a\tb"])
def test_serve_refuses_a_token_of_the_environment_that_is_no_word(
    model, capsys, monkeypatch, token: str
) -> None:
    monkeypatch.setenv("CTC_SERVE_TOKEN", token)
    assert run(["serve", str(model), "--port", "0"]) == 2
    assert capsys.readouterr().err == (
        "error: the variable CTC_SERVE_TOKEN must hold one word of ASCII characters: set it, or "
        "unset the variable to serve without a token\n"
    )


def test_serve_answers_to_allowed_hosts_only(start, model) -> None:
    _, url, _ = start(model, "--allowed-host", "animals.example.org")
    assert ask(url, Host="animals.example.org") == "fox"
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(url, Host="evil.example")
    refused.value.close()
    assert refused.value.code == 403


def test_serve_on_all_addresses_answers_to_any_host(start, model) -> None:
    _, url, lines = start(model, "--host", "0.0.0.0")
    assert lines[1].startswith("warning: the server is reachable from the network")
    assert ask(url, Host="anything.example") == "fox"


def test_serve_reports_port_in_use(model, capsys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["serve", str(model), "--port", str(port)]) == 2
    narration = capsys.readouterr().err
    assert (
        narration == f"error: can't listen on '127.0.0.1' port {port}: address already in use: "
        "choose another --port\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["nothing.onnx"],
            2,
            "model 'nothing.onnx' is not there: make one with `ctc export`",
        ),
        (["{folder}/bad.onnx"], 1, "model '{folder}/bad.onnx' can't be opened as an ONNX file"),
        (
            ["{model}", "{model}"],
            2,
            "two models are called 'model': give one another name with NAME={model}",
        ),
        (
            ["a/b={model}"],
            2,
            "'a/b' can't be the name of a model: give another one with NAME={model}",
        ),
        (
            ["{model}", "--host", "no.such.host.invalid"],
            2,
            "'no.such.host.invalid' is not an address of this machine",
        ),
        (
            ["{model}", "--max-photos", "9", "--queue", "8"],
            2,
            "--max-photos 9 is more than --queue 8",
        ),
        (
            ["{model}", "--max-body", "9", "--max-held", "8"],
            2,
            "--max-body is more than --max-held",
        ),
        (
            ["{model}", "--aggregation", "maen"],
            2,
            "no aggregation called 'maen': did you mean 'mean'?",
        ),
        (
            ["{model}", "--token-file", "{folder}/none"],
            2,
            "the token file '{folder}/none' can't be read",
        ),
        (
            ["{model}", "--token-file", "{folder}/empty"],
            2,
            "the token file '{folder}/empty' must hold one word",
        ),
        (
            ["{model}", "--store", "{folder}/text"],
            1,
            "'{folder}/text' is no review store: give a new name",
        ),
        (
            ["{model}", "--store", "s3://bucket/review.sqlite"],
            2,
            "invalid value for '--store'",
        ),
        (
            ["{model}", "--allowed-host", "http://a.org"],
            2,
            "--allowed-host 'http://a.org' is not the name of a host",
        ),
    ],
)
def test_serve_reports_invalid_options_in_one_line(
    model, capsys, tmp_path, arguments, code: int, message: str
) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("no database")
    known = {"model": model, "folder": tmp_path}
    assert (
        run(["serve", "--port", "0", *[argument.format(**known) for argument in arguments]]) == code
    )
    narration = capsys.readouterr().err
    assert narration.count("\n") == 1
    assert narration.startswith(f"error: {message.format(**known)}")
