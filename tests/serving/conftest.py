"""A server in this process, whose model predicts from the mean colour of a photo alone."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import uvicorn
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ctc.artifacts.model.file import INPUT_NAME, ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.runtime.config import RuntimeConfig
from ctc.serving.config import Limits, ServeConfig
from ctc.serving.http.connection import STATE_KEY
from ctc.serving.server import bind_socket, create_server
from ctc.serving.service import Service

LABELS = {"species": ("fox", "wolf"), "count": ("1", "2+")}
HEIGHT, WIDTH = 8, 12
JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """A response; `json` is parsed from the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The message of an error response, which has nothing else."""
        assert list(self.json) == ["error"]
        return self.json["error"]


@dataclass(frozen=True)
class Running:
    """A server that runs, in the event loop `loop` of another thread."""

    port: int
    service: Service
    server: uvicorn.Server
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request on its own connection."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Reply(
                answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def post(self, path: str, document: Any) -> Reply:
        """Send a request in JSON."""
        return self.ask("POST", path, json.dumps(document), content_type=JSON)

    def predict(self, document: Any, query: str = "") -> Reply:
        """Send a request in the format of TensorFlow Serving."""
        return self.post(f"/v1/models/model:predict{query}", document)

    def send_photo(self, photo: bytes, **headers: str) -> Reply:
        """Send a photo as the body."""
        return self.ask(
            "POST", "/v1/models/model:predict", photo, content_type="image/jpeg", **headers
        )

    def figure(self, name: str) -> float:
        """Return the value of a metric; 0 when it doesn't exist yet."""
        lines = [line.rpartition(" ") for line in self.get("/metrics").body.decode().splitlines()]
        return next((float(value) for found, _, value in lines if found == name), 0.0)

    def wait_for(self, name: str, value: float) -> None:
        """Wait until a metric has that value."""
        while self.figure(name) != value:
            time.sleep(0.01)

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    @staticmethod
    def request_head(length: int) -> bytes:
        """Return the headers of a request whose body is a JPEG of `length` bytes."""
        lines = (
            "POST /v1/models/model:predict HTTP/1.1",
            "Host: localhost",
            "Content-Type: image/jpeg",
            f"Content-Length: {length}",
        )
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode()

    def expire(self, reason: str) -> None:
        """Wait until a connection has a deadline for `reason`, and let the deadline pass."""
        asyncio.run_coroutine_threadsafe(self._expire(reason), self.loop).result()

    async def _expire(self, reason: str) -> None:
        while True:
            for protocol in self.server.server_state.connections:
                guard = protocol.app_state[STATE_KEY]
                if guard.deadline_reason == reason:
                    guard.abort(reason)
                    return
            await asyncio.sleep(0.01)

    def stop_listening(self) -> None:
        """Ask the server to stop, and wait until it takes no more connections."""
        self.server.should_exit = True
        with suppress(ConnectionRefusedError):
            while True:
                self.connect().close()
                time.sleep(0.01)


Serve = Callable[..., Running]
Jpeg = Callable[..., bytes]


def model_at(
    path: Path, labels: Mapping[str, tuple[str, ...]] = LABELS, **preprocessing: Any
) -> Path:
    """Write a model: cast, mean over the pixels, and per label a softmax over (red, blue)."""
    nodes = [
        helper.make_node("Cast", [INPUT_NAME], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        *(helper.make_node("Softmax", ["logits"], [label], axis=1) for label in labels),
    ]
    graph = helper.make_graph(
        nodes,
        "colour",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["N", HEIGHT, WIDTH, 3])],
        [helper.make_tensor_value_info(label, TensorProto.FLOAT, ["N", 2]) for label in labels],
        [
            numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
            numpy_helper.from_array(
                np.array([[0.01, 0], [0, 0], [0, 0.01]], np.float32), "weights"
            ),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(
        made, ModelInfo(labels, Preprocessing(HEIGHT, WIDTH, **preprocessing)).to_metadata()
    )
    onnx.save(made, path)
    return path


@contextmanager
def running(
    models: Mapping[str, Path], limits: Mapping[str, Any] | None = None, **options: Any
) -> Iterator[Running]:
    """Run a server on any free port; `options`: of ServeConfig, and `batch_size`."""
    defaults = {"aggregation": plugins().get(Aggregation, "mean")}
    config = ServeConfig(
        models,
        limits=replace(Limits(shutdown_timeout=5), **(limits or {})),
        runtime=RuntimeConfig(batch_size=options.pop("batch_size", None), threads=2),
        **{**defaults, **options},
    )
    service = Service(config)
    server = create_server(service)
    with bind_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        started: Future[asyncio.AbstractEventLoop] = Future()
        thread = threading.Thread(target=asyncio.run, args=[_run(server, listener, started)])
        thread.start()
        loop = started.result()
        try:
            yield Running(port, service, server, loop)
        finally:
            server.should_exit = True
            thread.join()


async def _run(
    server: uvicorn.Server, listener: socket.socket, started: Future[asyncio.AbstractEventLoop]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    started.set_result(asyncio.get_running_loop())
    await serving


@pytest.fixture(scope="session")
def jpeg() -> Jpeg:
    """Return a function that makes a JPEG of one colour; `taken` is its EXIF time."""

    def make(color: tuple[int, int, int] = (255, 0, 0), taken: str | None = None) -> bytes:
        file = io.BytesIO()
        exif = Image.Exif()
        if taken:
            exif[0x0132] = taken
        Image.new("RGB", (24, 16), color).save(file, "JPEG", quality=95, exif=exif)
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def write_model() -> Callable[..., Path]:
    """Return a function that writes a model file, see `model_at`."""
    return model_at


@pytest.fixture(scope="session")
def running_server() -> Callable[..., AbstractContextManager[Running]]:
    """Return a function that runs a server for a block, see `running`."""
    return running


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_at(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture(scope="module")
def server(model_file: Path) -> Iterator[Running]:
    """Run a server with the default limits, for all tests of a file."""
    with running({"model": model_file}, poll_interval=0) as server:
        yield server


@pytest.fixture
def serve(model_file: Path) -> Iterator[Serve]:
    """Return a function that starts a server with other limits (a dict) and options."""
    with ExitStack() as stack:

        def start(models: Mapping[str, Path] | None = None, **options: Any) -> Running:
            return stack.enter_context(
                running(models or {"model": model_file}, **{"poll_interval": 0, **options})
            )

        yield start
