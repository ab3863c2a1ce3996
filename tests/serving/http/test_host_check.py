"""Requests to other names of the server, and requests of other servers' pages."""

from __future__ import annotations

import pytest

from ctc.serving.http.host_check import ANY_HOST

INFER = "/v2/models/model/infer"


@pytest.fixture(scope="module")
def public(running_server, model_file):
    names = ("animals.example.org",)
    with running_server({"model": model_file}, poll_interval=0, allowed_hosts=names) as server:
        yield server


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "localhost.", "127.0.0.1:8000", "[::1]:80", "10.0.0.7"]
)
def test_host_of_this_machine_is_answered(server, host: str) -> None:
    assert server.get("/v1/models", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "[::1", "x" * 500],
)
@pytest.mark.parametrize("path", ["/", "/v1/models", "/healthz", "/metrics"])
def test_host_of_a_rebound_name_is_refused(server, host: str, path: str) -> None:
    reply = server.get(path, host=host)
    assert (reply.status, "is not a name of this server" in reply.error) == (403, True)
    assert len(reply.body) < 300


def test_host_that_is_allowed_is_answered(public) -> None:
    assert public.get("/v1/models", host="Animals.example.org").status == 200
    assert public.get("/v1/models", host="evil.example").status == 403


def test_any_host_may_be_allowed(serve) -> None:
    server = serve(allowed_hosts=(ANY_HOST,))
    assert server.get("/v1/models", host="anything.example").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000", "sec_fetch_site": "same-site"},
        {"origin": "http://[evil", "sec_fetch_site": "x"},
        {"sec_fetch_site": "cross-site"},
        {"origin": "http://127.0.0.1:1", "sec_fetch_site": "cross-site"},
    ],
)
def test_request_of_another_page_is_refused(server, jpeg, headers: dict[str, str]) -> None:
    photos = server.figure('ctc_photos_total{model="model",outcome="predicted"}')
    reply = server.send_photo(jpeg(), **headers)
    assert (reply.status, reply.error.startswith("a page of '")) == (403, True)
    assert server.ask("POST", INFER, "{}", **headers).status == 403
    assert server.figure('ctc_photos_total{model="model",outcome="predicted"}') == photos


def test_request_of_the_own_page_is_answered(server, jpeg) -> None:
    own = {"origin": server.url}
    assert server.send_photo(jpeg(), **own).status == 200
    assert server.send_photo(jpeg(), sec_fetch_site="same-origin", **own).status == 200
    assert server.send_photo(jpeg(), sec_fetch_site="none").status == 200


def test_request_of_the_page_behind_a_proxy_is_answered(public, jpeg) -> None:
    proxied = {"origin": "https://animals.example.org"}
    assert public.send_photo(jpeg(), **proxied).status == 200
    assert public.send_photo(jpeg(), sec_fetch_site="same-origin", **proxied).status == 200


def test_link_from_another_page_is_answered(server) -> None:
    assert server.get("/", sec_fetch_site="cross-site").status == 200
