"""Whatever comes in: the right 4xx with one clear message, and the server lives."""

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
def _the_server_lives(server, jpeg):
    yield
    assert server.send_photo(jpeg()).status == 200


def png(
    mode: str = "RGB", size: tuple[int, int] = (20, 10), color: Any = 0, kind: str = "PNG"
) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, kind)
    return file.getvalue()


def bomb(side: int = 50_000) -> bytes:
    """A few bytes that unfold to `side` × `side` pixels."""

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
        (b'{"instances": [{"image": "abc"}]}', "'image' of instances[0] is a string, not an object"),
        (b'{"instances": [{"image": {}}]}', "instances[0].image has no 'b64'"),
        (b'{"instances": [{"b64": 5}]}', "instances[0].b64 is a number, not a base64 string"),
        (b'{"instances": [{"b64": "a"}]}', "instances[0].b64 is not base64"),
        (b'{"instances": [{"b64": "\xc3\xa4"}]}', "instances[0].b64 is not base64"),
        (b'{"instances": [{"b64": "YWJj YWJj"}]}', "instances[0].b64 is not base64"),
        (b'{"instances": [{"b64": "http://a.org/b.jpg"}]}', "instances[0].b64 is a URL or a path, which this server doesn't"),
        (b'{"instances": [{"b64": "file:///etc/passwd"}]}', "instances[0].b64 is a URL or a path, which this server doesn't"),
        (b'{"instances": [{"b64": "data:image/png;base64,YQ=="}]}', "instances[0].b64 is a data URL: leave out"),
        (b'{"instances": [{"b64": "YQ==", "event": {}}]}', "'event' of instances[0] is an object, not a string"),
        (b'{"instances": [{"b64": "YQ==", "event": true}]}', "'event' of instances[0] is a truth value, not a string"),
    ],
)  # fmt: skip
def test_what_is_no_predict_request_is_refused(server, body: bytes, message: str) -> None:
    reply = server.ask("POST", PREDICT, body)
    assert (reply.status, reply.error[: len(message)]) == (400, message)


def test_ten_thousand_instances_are_refused(server, jpeg) -> None:
    reply = server.predict({"instances": [{"b64": b64encode(jpeg()).decode()}] * 10_000})
    assert (reply.status, reply.error) == (
        413,
        "10,000 instances, more than the 128 photos that this server takes at a time",
    )


def test_a_body_that_would_unfold_in_memory_is_refused(server) -> None:
    reply = server.ask("POST", PREDICT, b'{"instances": [' + b"[]," * 1_000_000 + b"[]]}")
    assert (
        reply.status,
        reply.error.startswith("the body holds more than 1,000,000 lists and objects"),
    ) == (413, True)


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", "/v1/models/modle:predict", 404, "no model called 'modle': did you mean 'model'?"),
        ("GET", "/v1/models/x%2Fy", 404, "there is nothing at '/v1/models/x/y': see /docs"),
        ("GET", "/v2/models/x", 404, "no model called 'x': there are 'model'"),
        (
            "GET",
            "/assets/../openapi.json",
            404,
            "there is nothing at '/assets/../openapi.json': see /docs",
        ),
        (
            "GET",
            "/assets/page_routes.py",
            404,
            "there is nothing at '/assets/page_routes.py': see /docs",
        ),
        ("GET", PREDICT, 405, f"'{PREDICT}' does not take GET: see /docs"),
        ("BREW", "/", 405, "'/' does not take BREW: see /docs"),
    ],
)
def test_paths_and_methods_that_are_not_there(
    server, method: str, path: str, status: int, message: str
) -> None:
    reply = server.ask(method, path, b"x" if method == "POST" else None)
    assert (reply.status, reply.error) == (status, message)


def test_an_unknown_form_of_answer_is_refused(server, jpeg) -> None:
    reply = server.ask("POST", f"{PREDICT}?answers=csv", jpeg(), content_type="image/jpeg")
    assert (reply.status, reply.error) == (400, "'answers' is 'csv', not 'names' or 'arrays'")


def test_a_compressed_body_is_refused(server) -> None:
    reply = server.ask("POST", PREDICT, zlib.compress(b"{}"), content_encoding="deflate")
    assert (reply.status, reply.error) == (
        415,
        "content encoding 'deflate' is not taken: send the body as it is",
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
def test_a_photo_that_can_t_be_used_is_refused_with_the_reason(
    server, photo: bytes, reason: str
) -> None:
    reply = server.send_photo(photo)
    assert (reply.status, reply.error) == (422, f"photo '0' can't be used: {reason}")


def test_a_photo_of_more_pixels_than_the_server_takes_is_refused(serve, jpeg) -> None:
    reply = serve(limits={"pixels": 383}).send_photo(jpeg())
    assert (reply.status, reply.error) == (
        422,
        "photo '0' can't be used: 24 × 16 pixels, more than the 383 that this server takes",
    )


def test_a_photo_that_is_cut_short_is_refused(server) -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 60).save(file, "JPEG")
    reply = server.send_photo(file.getvalue()[:-300])
    assert (reply.status, reply.error) == (
        422,
        "photo '0' can't be used: premature end of JPEG file",
    )


@pytest.mark.parametrize(
    "photo",
    [png("L"), png("RGBA"), png("P"), png("1"), png("I;16"), png(kind="GIF"), png("CMYK", kind="TIFF"), png(kind="WEBP"), png(kind="BMP")],
)  # fmt: skip
def test_odd_but_sound_photos_are_answered(server, photo: bytes) -> None:
    assert server.send_photo(photo).status == 200


def test_half_a_surrogate_pair_comes_back_as_it_came(server, jpeg) -> None:
    instance = {"b64": b64encode(jpeg()).decode(), "event": "\ud800"}
    reply = server.ask("POST", PREDICT, json.dumps({"instances": [instance]}))
    assert reply.json["predictions"][0]["id"] == "\ud800"
