"""Bad requests: the right 4xx with one clear message, and the server stays alive."""

from __future__ import annotations

import io
import json
import struct
import zlib
from base64 import b64encode
from typing import Any

import pytest
from PIL import Image

PREDICT = "/v1/models/model:predict"


@pytest.fixture(autouse=True)
def _check_server_is_alive(server, jpeg):
    yield
    assert server.send_photo(jpeg()).status == 200


def png(
    mode: str = "RGB", size: tuple[int, int] = (20, 10), color: Any = 0, kind: str = "PNG"
) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, kind)
    return file.getvalue()


def bomb(side: int = 50_000) -> bytes:
    """Return a few bytes that decode to `side` × `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty"),
        (b"{", "the body is not JSON"),
        (b"\xff\xfe\x00", "the body is neither JSON in UTF-8, nor"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"1" * 5_000, "the body is not JSON"),
        (b"null", "the body is null, not a JSON object"),
        (b"[]", "the body is a list, not a JSON object"),
        (b"NaN", "the body is a number, not a JSON object"),
        (b"{}", "the body has no 'instances'"),
        (b'{"instances": {}}', "'instances' of the body is an object, not a list"),
        (b'{"instances": []}', "'instances' is empty"),
        (b'{"instances": ["abc"]}', "instances[0] is a string, not an object such as"),
        (b'{"instances": [{}]}', "instances[0] has no 'image'"),
        (
            b'{"instances": [{"image": "abc"}]}',
            "'image' of instances[0] is a string, not an object",
        ),
        (b'{"instances": [{"image": {}}]}', "instances[0].image has no 'b64'"),
        (b'{"instances": [{"b64": 5}]}', "instances[0].b64 is a number, not a base64 string"),
        (b'{"instances": [{"b64": "a"}]}', "instances[0].b64 is not base64"),
        (b'{"instances": [{"b64": "\xc3\xa4"}]}', "instances[0].b64 is not base64"),
        (b'{"instances": [{"b64": "YWJj YWJj"}]}', "instances[0].b64 is not base64"),
        (
            b'{"instances": [{"b64": "http://a.org/b.jpg"}]}',
            "instances[0].b64 is a URL or a path, which this server doesn't",
        ),
        (
            b'{"instances": [{"b64": "file:///etc/passwd"}]}',
            "instances[0].b64 is a URL or a path, which this server doesn't",
        ),
        (
            b'{"instances": [{"b64": "data:image/png;base64,YQ=="}]}',
            "instances[0].b64 is a data URL: send only",
        ),
        (
            b'{"instances": [{"b64": "YQ==", "event": {}}]}',
            "'event' of instances[0] is an object, not a string",
        ),
        (
            b'{"instances": [{"b64": "YQ==", "event": true}]}',
            "'event' of instances[0] is a truth value, not a string",
        ),
    ],
)
def test_predict_refuses_a_malformed_body(server, body: bytes, message: str) -> None:
    reply = server.ask("POST", PREDICT, body)
    assert (reply.status, reply.error[: len(message)]) == (400, message)


def test_predict_refuses_too_many_instances(server, jpeg) -> None:
    reply = server.predict({"instances": [{"b64": b64encode(jpeg()).decode()}] * 10_000})
    assert (reply.status, reply.error) == (
        413,
        "10,000 instances, more than the limit of 128 photos",
    )


def test_predict_refuses_json_that_expands_in_memory(server) -> None:
    reply = server.ask("POST", PREDICT, b'{"instances": [' + b"[]," * 1_000_000 + b"[]]}")
    assert (
        reply.status,
        reply.error.startswith("the body holds more than 1,000,000 lists and objects"),
    ) == (413, True)


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", "/v1/models/modle:predict", 404, "no model called 'modle': did you mean 'model'?"),
        ("GET", "/v1/models/x%2Fy", 404, "there is no '/v1/models/x/y': see /docs"),
        ("GET", "/v2/models/x", 404, "no model called 'x': there are 'model'"),
        (
            "GET",
            "/assets/../openapi.json",
            404,
            "there is no '/assets/../openapi.json': see /docs",
        ),
        (
            "GET",
            "/assets/page_routes.py",
            404,
            "there is no '/assets/page_routes.py': see /docs",
        ),
        ("GET", PREDICT, 405, f"'{PREDICT}' does not support GET: see /docs"),
        ("BREW", "/", 405, "'/' does not support BREW: see /docs"),
    ],
)
def test_app_unknown_path_or_method(
    server, method: str, path: str, status: int, message: str
) -> None:
    reply = server.ask(method, path, b"x" if method == "POST" else None)
    assert (reply.status, reply.error) == (status, message)


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        (
            "POST",
            f"{PREDICT}?threshold=0.9",
            (
                "no query parameter called 'threshold': there are 'answers', 'failures', "
                "'frame_rate', 'frames', 'frames_by'"
            ),
        ),
        (
            "POST",
            f"{PREDICT}?answer=arrays",
            "no query parameter called 'answer': did you mean 'answers'?",
        ),
        (
            "POST",
            "/v2/models/model/infer?aggregation=max",
            "no query parameter called 'aggregation': this path takes none",
        ),
        ("GET", "/v1/models?x=1", "no query parameter called 'x': this path takes none"),
    ],
)
def test_app_refuses_an_unknown_query_parameter(
    server, jpeg, method: str, path: str, message: str
) -> None:
    reply = server.ask(method, path, jpeg() if method == "POST" else None)
    assert (reply.status, reply.error) == (400, message)


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_predict_path_may_name_the_version(server, jpeg, version: str) -> None:
    path = f"/v1/models/model{version}"
    assert server.ask("POST", f"{path}:predict", jpeg(), content_type="image/jpeg").status == 200
    assert (server.get(path).status, server.get(f"{path}/metadata").status) == (200, 200)


def test_predict_refuses_a_long_event_id(server, jpeg) -> None:
    photo = {"b64": b64encode(jpeg()).decode(), "event": 1_000_000 * "x"}
    reply = server.predict({"instances": [photo]})
    assert (reply.status, reply.error) == (
        400,
        "'event' of instances[0] has 1,000,000 characters, more than 1,000",
    )


def test_predict_refuses_an_unknown_query_value(server, jpeg) -> None:
    reply = server.ask("POST", f"{PREDICT}?answers=csv", jpeg(), content_type="image/jpeg")
    assert (reply.status, reply.error) == (400, "'answers' is 'csv', not 'names' or 'arrays'")


def test_predict_refuses_a_compressed_body(server) -> None:
    reply = server.ask("POST", PREDICT, zlib.compress(b"{}"), content_encoding="deflate")
    assert (reply.status, reply.error) == (
        415,
        "content encoding 'deflate' is not supported: send the body uncompressed",
    )


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (b"not a photo", "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)",
        ),
        (bomb(), "more than 178956970 pixels"),
        (png(kind="ICO"), "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)"),
    ],
)
def test_predict_refuses_a_bad_photo_with_the_reason(server, photo: bytes, reason: str) -> None:
    reply = server.send_photo(photo)
    assert (reply.status, reply.error) == (422, f"photo '0' can't be used: {reason}")


def test_predict_refuses_a_photo_with_too_many_pixels(serve, jpeg) -> None:
    reply = serve(limits={"max_pixels": 383}).send_photo(jpeg())
    assert (reply.status, reply.error) == (
        422,
        "photo '0' can't be used: 24 × 16 pixels, more than the limit of 383 pixels",
    )


def test_predict_refuses_a_truncated_photo(server) -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 60).save(file, "JPEG")
    reply = server.send_photo(file.getvalue()[:-300])
    assert (reply.status, reply.error) == (
        422,
        "photo '0' can't be used: premature end of JPEG file",
    )


@pytest.mark.parametrize(
    "photo",
    [
        png("L"),
        png("RGBA"),
        png("P"),
        png("1"),
        png("I;16"),
        png(kind="GIF"),
        png("CMYK", kind="TIFF"),
        png(kind="WEBP"),
        png(kind="BMP"),
    ],
)
def test_predict_accepts_unusual_image_modes(server, photo: bytes) -> None:
    assert server.send_photo(photo).status == 200


def test_json_response_returns_a_lone_surrogate(server, jpeg) -> None:
    instance = {"b64": b64encode(jpeg()).decode(), "event": "\ud800"}
    reply = server.ask("POST", PREDICT, json.dumps({"instances": [instance]}))
    assert reply.json["predictions"][0]["id"] == "\ud800"
