"""Routes, hosts and tokens of the page of a review."""

from __future__ import annotations

import pytest
from review_world import CLASSES

from ctc.review.app.routes.page import STATIC_FOLDER


def test_page_loads_nothing_from_elsewhere(api) -> None:
    reply = api.get("/")
    assert reply.status_code == 200
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert 'src="http' not in reply.text


def test_page_has_a_sentence_for_browsers_without_modules() -> None:
    page = (STATIC_FOLDER / "index.html").read_text()
    assert '<script nomodule src="assets/old.js">' in page
    assert page.count("the browser is too old") == 1


@pytest.mark.parametrize("name", ["main.js", "layout.css", "dom.js", "base.css", "icon.svg"])
def test_assets_are_served(api, name: str) -> None:
    assert api.get(f"/assets/{name}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/..%2f..%2fsetup.cfg",
        "/assets/application.py",
        "/api/photo/..%2f..%2fetc%2fpasswd/0",
        "/api/photo/nothing/0",
        "/nothing",
    ],
)
def test_paths_outside_the_review_are_not_found(api, path: str) -> None:
    assert api.get(path).status_code == 404


def test_other_host_names_are_refused(api) -> None:
    reply = api.client.get("/api/session", headers={"host": "evil.example.org"})
    assert reply.status_code == 403
    assert reply.json()["error"].startswith("'evil.example.org' is not a name of this server")


def test_pages_of_other_servers_cannot_answer(api) -> None:
    content = {"keys": [api.keys[0]], "answer": {"species": "fox"}, "request": "1"}
    headers = {"origin": "https://evil.example.org", "sec-fetch-site": "cross-site"}
    assert api.client.post("/api/answers", json=content, headers=headers).status_code == 403
    assert api.store.count_states() == {"open": 6}


@pytest.mark.parametrize("path", ["/api/session", "/api/events", "/api/photo/x/0", "/metrics"])
@pytest.mark.parametrize("token", [None, "wrong-token-x"])
def test_tokens_are_asked_for(guarded, path: str, token: str | None) -> None:
    reply = guarded.get(path, token)
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")


def test_token_tells_who_answers(guarded) -> None:
    session = guarded.get("/api/session", "token-of-ben").json()
    assert (session["reviewer"], session["role"], session["may_add_classes"]) == (
        *("ben", "reviewer"),
        False,
    )


def test_session_has_labels_and_queues(api) -> None:
    session = api.get("/api/session").json()
    species, count = session["labels"]
    assert [one["name"] for one in species["classes"]] == list(CLASSES)
    assert [one["name"] for one in species["classes"] if one["is_blank"]] == ["empty"]
    assert (count["name"], session["store"]) == ("count", "review.sqlite")
    assert "unsure" in [queue["name"] for queue in session["queues"]]


def test_session_has_other_names_of_classes(start) -> None:
    session = start(names={"fox": ("Vulpes vulpes",)}).get("/api/session").json()
    assert session["labels"][0]["classes"][0]["names"] == ["Vulpes vulpes"]


def test_method_that_a_path_does_not_support(api) -> None:
    assert api.get("/api/answers").json() == {"error": "'/api/answers' does not support GET"}


def test_health_checks_need_no_token(guarded) -> None:
    assert guarded.get("/readyz").json() == {"status": "ok"}
