"""KServe v2, asked by the public client of Triton, and by hand where that client can't go wrong."""

from __future__ import annotations

import json
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
    """Network inputs of one colour each."""
    values = np.stack([np.full(SIZE, color, np.uint8) for color in colors])
    tensor = InferInput("images", list(values.shape), "UINT8")
    return tensor.set_data_from_numpy(values, binary_data=binary)


def encoded(*photos: bytes) -> InferInput:
    return InferInput("images", [len(photos)], "BYTES").set_data_from_numpy(
        np.array(photos, object)
    )


def infer(server, document: Any, **headers: str):
    return server.ask("POST", "/v2/models/model/infer", json.dumps(document), **headers)


def test_the_client_finds_a_server_and_a_model_that_are_ready(client) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("model")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "ctc"


def test_the_client_learns_what_goes_in_and_out(client) -> None:
    said = client.get_model_metadata("model")
    assert said["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, 8, 12, 3]}]
    assert said["outputs"] == [
        {"name": "species", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "count", "datatype": "FP32", "shape": [-1, 2]},
    ]


@pytest.mark.parametrize("binary", [True, False])
def test_pixels_in_the_network_s_size(client, binary: bool) -> None:
    answer = client.infer("model", [pixels(RED, BLUE, binary=binary)], request_id="r1")
    assert answer.as_numpy("species") == pytest.approx(
        np.array([[SURE, 1 - SURE], [1 - SURE, SURE]]), abs=0.001
    )
    assert answer.as_numpy("count").shape == (2, 2)
    assert (answer.get_response()["id"], answer.get_response()["model_version"]) == ("r1", "1")


def test_encoded_photos(client, jpeg) -> None:
    answer = client.infer("model", [encoded(jpeg(RED), jpeg(BLUE))])
    assert answer.as_numpy("species") == pytest.approx(
        np.array([[SURE, 1 - SURE], [1 - SURE, SURE]]), abs=0.002
    )


@pytest.mark.parametrize("binary", [True, False])
def test_only_the_outputs_that_are_asked_for(client, binary: bool) -> None:
    answer = client.infer(
        "model", [pixels(RED)], outputs=[InferRequestedOutput("count", binary_data=binary)]
    )
    assert [output["name"] for output in answer.get_response()["outputs"]] == ["count"]
    assert answer.as_numpy("count").shape == (1, 2)


@pytest.mark.parametrize("binary", [True, False])
def test_the_most_probable_classes_by_name(client, binary: bool) -> None:
    wanted = InferRequestedOutput("species", binary_data=binary, class_count=1)
    found = client.infer("model", [pixels(RED, BLUE)], outputs=[wanted]).as_numpy("species")
    texts = [text.decode() if binary else text for text in found.ravel()]
    assert [text.split(":")[1:] for text in texts] == [["0", "fox"], ["1", "wolf"]]


def test_photos_in_base64_within_the_json(server, jpeg) -> None:
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


def test_a_photo_that_can_t_be_used_refuses_the_request(client, jpeg) -> None:
    with pytest.raises(
        InferenceServerException, match="photo '1' can't be used: not an image of a known kind"
    ) as refused:
        client.infer("model", [encoded(jpeg(), b"no photo")])
    assert refused.value.status() == "422"


def test_an_unknown_model_is_not_found(client) -> None:
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
        ({"inputs": [{**GOOD, "shape": [2]}]}, "'images' holds 1 values, its shape means 2"),
        ({"inputs": [{**GOOD, "shape": [1, 1]}]}, "the shape of 'images' is [1, 1]; for BYTES"),
        ({"inputs": [{**GOOD, "shape": [-1]}]}, "the shape of 'images' is [-1], not a list of positive"),
        ({"inputs": [{**GOOD, "data": ["!"]}]}, "data[0] of 'images' is not base64"),
        ({"inputs": [{**GOOD, "data": ["https://a.org/b.jpg"]}]}, "data[0] of 'images' is a URL"),
        ({"inputs": [{**RAW, "shape": [1, 8, 8, 3]}]}, "the shape of 'images' is [1, 8, 8, 3]; for UINT8 it is [N, 8, 12, 3]"),
        ({"inputs": [{**RAW, "data": [0]}]}, "'images' holds 1 values, its shape [1, 8, 12, 3] means 288"),
        ({"inputs": [{**RAW, "data": [256] * 288}]}, "the data of 'images' are not whole numbers from 0 to 255"),
        ({"inputs": [{**RAW, "data": [10**30] * 288}]}, "the data of 'images' are not whole numbers from 0 to 255"),
        ({"inputs": [{**RAW, "data": [[0], [0, 0]]}]}, "the data of 'images' are not 288 numbers"),
        ({"inputs": [{**RAW, "data": ["a"] * 288}]}, "the data of 'images' are not whole numbers"),
        ({"inputs": [RAW], "outputs": [{"name": "specie"}]}, "outputs[0]: no output called 'specie': did you mean 'species'?"),
        ({"inputs": [RAW], "outputs": [{"name": "count", "parameters": {"classification": -1}}]}, "'classification' of outputs[0]"),
        ({"inputs": [RAW], "parameters": 3}, "'parameters' of the body is a number, not an object"),
        ({"inputs": [{**RAW, "parameters": {"binary_data_size": 288}}]}, "the binary data ends 288 bytes too early"),
        ({"inputs": [{**RAW, "parameters": {"binary_data_size": "x"}}]}, "'binary_data_size' of 'images' is not a number"),
    ],
)  # fmt: skip
def test_what_is_no_infer_request_is_refused(server, document: Any, message: str) -> None:
    reply = infer(server, document)
    assert (reply.status, reply.error[: len(message)]) == (400, message)


@pytest.mark.parametrize("length", ["-1", "x", "1000000", 5000 * "9"])
def test_a_length_of_the_json_that_can_t_be_is_refused(server, length: str) -> None:
    reply = infer(server, {"inputs": [RAW]}, inference_header_content_length=length)
    assert (reply.status, reply.error.startswith("Inference-Header-Content-Length is")) == (
        400,
        True,
    )


def test_a_photo_s_length_that_can_t_be_is_refused(server) -> None:
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


def test_bytes_that_no_tensor_claims_are_refused(server) -> None:
    head = json.dumps({"inputs": [RAW]}).encode()
    reply = server.ask(
        "POST",
        "/v2/models/model/infer",
        head + b"more",
        inference_header_content_length=str(len(head)),
    )
    assert (reply.status, reply.error) == (400, "4 bytes of binary data belong to no tensor")


def test_more_photos_than_a_request_may_hold_are_refused(server) -> None:
    reply = infer(server, {"inputs": [{**GOOD, "shape": [10_000]}]})
    assert reply.status == 413
