"""Photos as files: in a form, or as the body."""

from __future__ import annotations

import uuid

import pytest

RED, BLUE = (255, 0, 0), (0, 0, 255)
Part = tuple[str, str | None, bytes]


def send(server, *parts: Part, end: str = "--"):
    """Send a form as browsers do; each part is (field, file name or None, data)."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, file_name, data in parts:
        said = f'; filename="{file_name}"' if file_name is not None else ""
        body += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{said}\r\n\r\n'.encode()
            + data
            + b"\r\n"
        )
    body += f"--{boundary}{end}\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    return server.ask("POST", "/v1/models/model:predict", body, content_type=kind)


def found(reply) -> list[tuple[str, list[str], str]]:
    """Return id, photo names and most probable species of each event."""
    return [
        (
            event["id"],
            [photo["name"] for photo in event["photos"]],
            event["labels"]["species"]["class"],
        )
        for event in reply.json["predictions"]
    ]


def test_multipart_file_is_an_event_named_by_the_file(server, jpeg) -> None:
    reply = send(server, ("photo", "a.jpg", jpeg(RED)), ("photo", "b.jpg", jpeg(BLUE)))
    assert found(reply) == [("a.jpg", ["a.jpg"], "fox"), ("b.jpg", ["b.jpg"], "wolf")]


def test_multipart_event_field_names_the_event_of_the_files_after_it(server, jpeg) -> None:
    photos = [("photo", name, jpeg(RED)) for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg")]
    reply = send(
        server,
        ("event", None, b"e1"),
        *photos[:2],
        ("event", None, b"e2"),
        photos[2],
        ("event", None, b""),
        photos[3],
    )
    assert found(reply) == [
        ("e1", ["a.jpg", "b.jpg"], "fox"),
        ("e2", ["c.jpg"], "fox"),
        ("d.jpg", ["d.jpg"], "fox"),
    ]


def test_multipart_files_of_the_same_name_stay_apart(server, jpeg) -> None:
    reply = send(server, ("photo", "a.jpg", jpeg(RED)), ("photo", "a.jpg", jpeg(BLUE)))
    assert [species for _, _, species in found(reply)] == ["fox", "wolf"]


def test_multipart_returns_unusual_file_names_unchanged(server, jpeg) -> None:
    reply = send(server, ("photo", "🦊 <b>&.jpg", jpeg()), ("photo", "", jpeg()))
    assert [name for name, _, _ in found(reply)] == ["🦊 <b>&.jpg", "photo 2"]


def test_predict_accepts_a_photo_as_the_body(server, jpeg) -> None:
    assert found(server.send_photo(jpeg(BLUE))) == [("0", ["0"], "wolf")]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "the form has no photo"),
        ([("event", None, b"e1")], "the form has no photo"),
        ([("photo", None, b"not a file")], "field 'photo' is neither a photo"),
    ],
)
def test_multipart_refuses_a_form_without_photo(server, parts: list[Part], message: str) -> None:
    reply = send(server, *parts)
    assert (reply.status, reply.error.startswith(message)) == (400, True), reply.error


def test_multipart_refuses_a_truncated_form(server, jpeg) -> None:
    reply = send(server, ("photo", "a.jpg", jpeg()), end="")
    assert (reply.status, reply.error) == (400, "the form ends before its last boundary")


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 300]
)
def test_multipart_refuses_a_bad_boundary(server, kind: str) -> None:
    assert (
        server.ask("POST", "/v1/models/model:predict", b"--x\r\n", content_type=kind).status == 400
    )


def test_multipart_refuses_too_many_files(serve, jpeg) -> None:
    small = serve(limits={"max_photos": 2})
    reply = send(small, *[("photo", "a.jpg", jpeg())] * 3)
    assert (reply.status, reply.error) == (
        413,
        "3 photos in one request, more than the limit of 2",
    )
    reply = send(small, *[("event", None, b"e")] * 5)
    assert (reply.status, reply.error) == (
        413,
        "the form has more than the limit of 4 parts",
    )
