"""Bearer authentication."""

from __future__ import annotations

import pytest

TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def guarded(running_server, model_file):
    with running_server({"model": model_file}, poll_interval=0, token=TOKEN) as server:
        yield server


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/models/model", "/v2/models/model", "/metrics", "/nothing"]
)
@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN]
)
def test_bearer_auth_refuses_a_missing_or_wrong_token(
    guarded, path: str, given: str | None
) -> None:
    reply = guarded.get(path, **({} if given is None else {"authorization": given}))
    assert (reply.status, reply.error) == (
        401,
        "this server needs a token: Authorization: Bearer TOKEN",
    )
    assert reply.headers["www-authenticate"] == "Bearer"


def test_bearer_auth_refuses_predictions_without_token(guarded, jpeg) -> None:
    assert guarded.send_photo(jpeg()).status == 401


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer  {TOKEN}"])
def test_bearer_auth_accepts_the_token(guarded, jpeg, given: str) -> None:
    assert guarded.send_photo(jpeg(), authorization=given).status == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/openapi.json", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"],
)
def test_bearer_auth_leaves_page_and_health_checks_open(guarded, path: str) -> None:
    assert guarded.get(path).status == 200


def test_openapi_names_no_model_where_a_token_is_required(guarded, server) -> None:
    schemas = [
        one.get("/openapi.json").json["components"]["parameters"]["name"]["schema"]
        for one in (guarded, server)
    ]
    assert ["enum" in schema for schema in schemas] == [False, True]
