"""A server in this process, on a port of its own, with a model whose answers depend on a photo's
mean colour alone."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import uvicorn
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ctc.artifacts.model_file import INPUT_NAME, ModelInfo
from ctc.artifacts.preprocessing import Preprocessing
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.serving.config import Limits, ServeConfig
from ctc.serving.server import bind_socket, create_server
from ctc.serving.service import Service

LABELS = {"species": ("fox", "wolf"), "count": ("1", "2+")}
HEIGHT, WIDTH = 8, 12
JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """What came back; `json` is read from the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The one message of a refusal."""
        assert list(self.json) == ["error"]
        return self.json["error"]


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    port: int
    service: Service
    server: uvicorn.Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request on a connection of its own."""
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
        """A request in JSON."""
        return self.ask("POST", path, json.dumps(document), content_type=JSON)

    def predict(self, document: Any, query: str = "") -> Reply:
        """A request in TensorFlow Serving's form."""
        return self.post(f"/v1/models/model:predict{query}", document)

    def send_photo(self, photo: bytes, **headers: str) -> Reply:
        """A photo as the whole body."""
        return self.ask(
            "POST", "/v1/models/model:predict", photo, content_type="image/jpeg", **headers
        )

    def figure(self, name: str) -> float:
        """Of /metrics; 0 when it isn't there."""
        lines = [line.rpartition(" ") for line in self.get("/metrics").body.decode().splitlines()]
        return next((float(value) for found, _, value in lines if found == name), 0.0)

    def wait_for(self, name: str, value: float) -> None:
        """Until a figure of /metrics has that value."""
        while self.figure(name) != value:
            time.sleep(0.01)


Serve = Callable[..., Running]
Jpeg = Callable[..., bytes]


def model_at(
    path: Path, labels: Mapping[str, tuple[str, ...]] = LABELS, **preprocessing: Any
) -> Path:
    """Cast, mean over the pixels, and per label a softmax over (red, blue)."""
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
    """A server on any free port."""
    usual = {"aggregation": plugins().get(Aggregation, "mean"), "threads": 2}
    config = ServeConfig(
        models, limits=replace(Limits(shutdown_timeout=5), **(limits or {})), **{**usual, **options}
    )
    service = Service(config)
    server = create_server(service)
    with bind_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        started = threading.Event()
        thread = threading.Thread(target=asyncio.run, args=[_run(server, listener, started)])
        thread.start()
        started.wait()
        try:
            yield Running(port, service, server)
        finally:
            server.should_exit = True
            thread.join()


async def _run(server: uvicorn.Server, listener: Any, started: threading.Event) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    started.set()
    await serving


@pytest.fixture(scope="session")
def jpeg() -> Jpeg:
    """A function that makes a JPEG of one colour; `taken` is its EXIF time."""

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
    """A function that writes a model file, see `model_at`."""
    return model_at


@pytest.fixture(scope="session")
def running_server() -> Callable[..., AbstractContextManager[Running]]:
    """A function that starts a server for a block, see `running`."""
    return running


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_at(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture(scope="module")
def server(model_file: Path) -> Iterator[Running]:
    """A server with the usual limits, for all tests of a file."""
    with running({"model": model_file}, reload=0) as server:
        yield server


@pytest.fixture
def serve(model_file: Path) -> Iterator[Serve]:
    """A function that starts a server with other limits (a dict) and options."""
    with ExitStack() as stack:

        def start(models: Mapping[str, Path] | None = None, **options: Any) -> Running:
            return stack.enter_context(
                running(models or {"model": model_file}, **{"reload": 0, **options})
            )

        yield start
