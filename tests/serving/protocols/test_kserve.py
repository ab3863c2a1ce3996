"""KServe v2, through Triton's client, and by hand for requests that it can't send."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

RED, BLUE = (255, 0, 0), (0, 0, 255)
SURE = 0.9275  # 1 / (1 + exp(-2.55))
SIZE = (8, 12, 3)


@pytest.fixture(scope="module")
def client(server) -> Iterator[InferenceServerClient]:
    client = InferenceServerClient(f"127.0.0.1:{server.port}")
    yield client
    client.close()


def pixels(*colors: tuple[int, int, int], binary: bool = True) -> InferInput:
    """Return network inputs of one colour each."""
    values = np.stack([np.full(SIZE, color, np.uint8) for color in colors])
    tensor = InferInput("images", list(values.shape), "UINT8")
    return tensor.set_data_from_numpy(values, binary_data=binary)


def encoded(*photos: bytes) -> InferInput:
    return InferInput("images", [len(photos)], "BYTES").set_data_from_numpy(
        np.array(photos, object)
    )


def infer(server, document: Any, **headers: str):
    return server.ask("POST", "/v2/models/model/infer", json.dumps(document), **headers)


def test_kserve_reports_server_and_model_ready(client) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("model")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "ctc"


def test_kserve_metadata_lists_inputs_and_outputs(client) -> None:
    said = client.get_model_metadata("model")
    assert said["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, 8, 12, 3]}]
    assert said["outputs"] == [
        {"name": "species", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "count", "datatype": "FP32", "shape": [-1, 2]},
    ]


@pytest.mark.parametrize("binary", [True, False])
def test_kserve_infers_pixels(client, binary: bool) -> None:
    answer = client.infer("model", [pixels(RED, BLUE, binary=binary)], request_id="r1")
    assert answer.as_numpy("species") == pytest.approx(
        np.array([[SURE, 1 - SURE], [1 - SURE, SURE]]), abs=0.001
    )
    assert answer.as_numpy("count").shape == (2, 2)
    assert (answer.get_response()["id"], answer.get_response()["model_version"]) == ("r1", "1")


def test_kserve_infers_encoded_photos(client, jpeg) -> None:
    answer = client.infer("model", [encoded(jpeg(RED), jpeg(BLUE))])
    assert answer.as_numpy("species") == pytest.approx(
        np.array([[SURE, 1 - SURE], [1 - SURE, SURE]]), abs=0.002
    )


@pytest.mark.parametrize("binary", [True, False])
def test_kserve_returns_only_requested_outputs(client, binary: bool) -> None:
    answer = client.infer(
        "model", [pixels(RED)], outputs=[InferRequestedOutput("count", binary_data=binary)]
    )
    assert [output["name"] for output in answer.get_response()["outputs"]] == ["count"]
    assert answer.as_numpy("count").shape == (1, 2)


@pytest.mark.parametrize("binary", [True, False])
def test_kserve_classification_returns_top_classes(client, binary: bool) -> None:
    wanted = InferRequestedOutput("species", binary_data=binary, class_count=1)
    found = client.infer("model", [pixels(RED, BLUE)], outputs=[wanted]).as_numpy("species")
    texts = [text.decode() if binary else text for text in found.ravel()]
    assert [text.split(":")[1:] for text in texts] == [["0", "fox"], ["1", "wolf"]]


def test_kserve_infers_base64_photos_in_json(server, jpeg) -> None:
    tensor = {
        "name": "images",
        "shape": [1],
        "datatype": "BYTES",
        "data": [b64encode(jpeg(BLUE)).decode()],
    }
    reply = infer(server, {"inputs": [tensor]})
    species = reply.json["outputs"][0]
    assert (species["name"], species["shape"]) == ("species", [1, 2])
    assert species["data"] == pytest.approx([1 - SURE, SURE], abs=0.002)


def test_kserve_refuses_a_request_with_a_bad_photo(client, jpeg) -> None:
    with pytest.raises(
        InferenceServerException, match="photo '1' can't be used: not an image of a known kind"
    ) as refused:
        client.infer("model", [encoded(jpeg(), b"no photo")])
    assert refused.value.status() == "422"


def test_kserve_unknown_model_is_404(client) -> None:
    with pytest.raises(
        InferenceServerException, match="no model called 'modle': did you mean 'model'"
    ) as refused:
        client.infer("modle", [pixels(RED)])
    assert refused.value.status() == "404"


GOOD = {"name": "images", "shape": [1], "datatype": "BYTES", "data": ["AAAA"]}
RAW = {"name": "images", "shape": [1, 8, 12, 3], "datatype": "UINT8", "data": [0] * 288}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the body is a list, not a JSON object"),
        ({}, "the body has no 'inputs'"),
        ({"inputs": 5}, "'inputs' of the body is a number, not a list"),
        ({"inputs": [GOOD, GOOD]}, "'inputs' must hold one tensor, 'images', and holds 2"),
        ({"inputs": [{**GOOD, "name": "x"}]}, "the input is called 'x', not 'images'"),
        ({"inputs": [{**GOOD, "datatype": "FP32"}]}, "'images' has the datatype 'FP32'"),
        ({"inputs": [{**GOOD, "shape": [2]}]}, "'images' holds 1 values, but its shape needs 2"),
        ({"inputs": [{**GOOD, "shape": [1, 1]}]}, "the shape of 'images' is [1, 1]; for BYTES"),
        (
            {"inputs": [{**GOOD, "shape": [-1]}]},
            "the shape of 'images' is [-1], not a list of positive",
        ),
        ({"inputs": [{**GOOD, "data": ["!"]}]}, "data[0] of 'images' is not base64"),
        ({"inputs": [{**GOOD, "data": ["https://a.org/b.jpg"]}]}, "data[0] of 'images' is a URL"),
        (
            {"inputs": [{**RAW, "shape": [1, 8, 8, 3]}]},
            "the shape of 'images' is [1, 8, 8, 3]; for UINT8 it is [N, 8, 12, 3]",
        ),
        (
            {"inputs": [{**RAW, "data": [0]}]},
            "'images' holds 1 values, but its shape [1, 8, 12, 3] needs 288",
        ),
        (
            {"inputs": [{**RAW, "data": [256] * 288}]},
            "the data of 'images' is not integers from 0 to 255",
        ),
        (
            {"inputs": [{**RAW, "data": [10**30] * 288}]},
            "the data of 'images' is not integers from 0 to 255",
        ),
        ({"inputs": [{**RAW, "data": [[0], [0, 0]]}]}, "the data of 'images' is not 288 numbers"),
        ({"inputs": [{**RAW, "data": ["a"] * 288}]}, "the data of 'images' is not integers"),
        (
            {"inputs": [RAW], "outputs": [{"name": "specie"}]},
            "outputs[0]: no output called 'specie': did you mean 'species'?",
        ),
        (
            {"inputs": [RAW], "outputs": [{"name": "count", "parameters": {"classification": -1}}]},
            "'classification' of outputs[0]",
        ),
        (
            {"inputs": [RAW], "outputs": [{"name": "count"}, {"name": "count"}]},
            "outputs[1]: the output 'count' is requested twice",
        ),
        ({"inputs": [RAW], "id": []}, "'id' of the body is a list, not a string"),
        ({"inputs": [RAW], "parameters": 3}, "'parameters' of the body is a number, not an object"),
        (
            {"inputs": [{**RAW, "parameters": {"binary_data_size": 288}}]},
            "the binary data ends 288 bytes too early",
        ),
        (
            {"inputs": [{**RAW, "parameters": {"binary_data_size": "x"}}]},
            "'binary_data_size' of 'images' is not a number",
        ),
    ],
)
def test_kserve_refuses_a_malformed_request(server, document: Any, message: str) -> None:
    reply = infer(server, document)
    assert (reply.status, reply.error[: len(message)]) == (400, message)


LONG = 200_000 * "x"


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": [RAW], "outputs": [{"name": LONG}]},
        {"inputs": [RAW], "outputs": 5000 * [{"name": "species"}]},
        {"inputs": [RAW], "id": LONG},
        {"inputs": [{**RAW, "name": LONG}]},
        {"inputs": [{**RAW, "datatype": LONG}]},
        {"inputs": [{**RAW, "datatype": {LONG: LONG}}]},
        {"inputs": [{**RAW, "shape": 200_000 * [0]}]},
        {"inputs": [{**RAW, "shape": [200_000 * [1]]}]},
        {"inputs": [{**GOOD, "shape": 200_000 * [1]}]},
    ],
)
def test_kserve_quotes_only_the_start_of_long_values(server, caplog, document: Any) -> None:
    with caplog.at_level(logging.INFO, "ctc.serving.access"):
        reply = infer(server, document)
    assert (reply.status, len(reply.body) < 500) == (400, True)
    assert all(len(str(record.__dict__)) < 3000 for record in caplog.records)


def test_kserve_refuses_many_keys(server) -> None:
    reply = infer(server, {"inputs": [RAW], "parameters": {str(i): 0 for i in range(100_001)}})
    assert (reply.status, reply.error) == (
        413,
        "the body holds more than 100,000 keys: send less at a time",
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_kserve_path_may_name_the_version(server, method: str) -> None:
    paths = {"GET": ("", "/ready"), "POST": ("/infer",)}[method]
    body = json.dumps({"inputs": [RAW]}) if method == "POST" else None
    for end in paths:
        known, unknown = (
            server.ask(method, f"/v2/models/model/versions/{version}{end}", body)
            for version in ("1", "2")
        )
        assert known.status == 200
        assert (unknown.status, unknown.error) == (
            404,
            "model 'model' has no version '2': its version is '1'",
        )


@pytest.mark.parametrize("length", ["-1", "x", "1000000", 5000 * "9"])
def test_kserve_refuses_a_bad_header_length(server, length: str) -> None:
    reply = infer(server, {"inputs": [RAW]}, inference_header_content_length=length)
    assert (reply.status, reply.error.startswith("Inference-Header-Content-Length is")) == (
        400,
        True,
    )


def test_kserve_refuses_a_bad_photo_length(server) -> None:
    head = json.dumps(
        {"inputs": [{**GOOD, "data": None, "parameters": {"binary_data_size": 8}}]}
    ).encode()
    body = head + b"\xff\xff\xff\xff" + b"tiny"
    reply = server.ask(
        "POST", "/v2/models/model/infer", body, inference_header_content_length=str(len(head))
    )
    assert (reply.status, reply.error) == (
        400,
        "the binary data ends 4,294,967,291 bytes too early",
    )


def test_kserve_refuses_excess_binary_data(server) -> None:
    head = json.dumps({"inputs": [RAW]}).encode()
    reply = server.ask(
        "POST",
        "/v2/models/model/infer",
        head + b"more",
        inference_header_content_length=str(len(head)),
    )
    assert (reply.status, reply.error) == (400, "4 bytes of binary data belong to no tensor")


def test_kserve_refuses_too_many_photos(server) -> None:
    reply = infer(server, {"inputs": [{**GOOD, "shape": [10_000]}]})
    assert reply.status == 413
