"""`docs/serve.md` and the OpenAPI document, held against the server."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from starlette.routing import Route

from ctc.cli.commands.serve.command import command
from ctc.serving.app import create_app

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "serve.md").read_text(encoding="utf-8")
OPENAPI = json.loads(
    (CHECKOUT / "ctc" / "serving" / "static" / "openapi.json").read_text(encoding="utf-8")
)


COMMANDS = [
    line.split("ctc serve ")[1]
    for line in PAGE.splitlines()
    if re.search(r"ctc serve \S*model\.onnx", line)
]


@pytest.fixture(scope="module")
def paths(server) -> set[str]:
    """Return every path of the server, with {name} for the model's name."""
    routes = [route for route in create_app(server.service).routes if isinstance(route, Route)]
    return {
        route.path.replace(":model}", "}") for route in routes if "/versions/" not in route.path
    }


def test_serve_page_and_openapi_name_every_path(paths) -> None:
    pages = {"/", "/docs", "/openapi.json", "/assets/{file}"}
    missing = [
        path for path in paths - {"/assets/{file}"} if path.replace("{name}", "NAME") not in PAGE
    ]
    assert missing == []
    assert set(OPENAPI["paths"]) == paths - pages


def test_serve_page_explains_every_status() -> None:
    statuses = {
        status
        for path in OPENAPI["paths"].values()
        for one in path.values()
        for status in one["responses"]
    }
    assert statuses - {"200"} <= set(re.findall(r"\b[45]\d\d\b", PAGE))


def test_serve_page_names_every_metric(server, jpeg) -> None:
    server.send_photo(jpeg())
    text = server.get("/metrics").body.decode()
    families = set(re.findall(r"^# TYPE (ctc_\w+)", text, re.MULTILINE))
    assert {name for name in families if not name.endswith("_created")} == set(
        re.findall(r"`(ctc_\w+)`", PAGE)
    )


def test_serve_page_has_commands_for_systemd_and_docker() -> None:
    assert {line for line in COMMANDS if "%d" in line or "0.0.0.0" in line} == {
        "/srv/ctc/model.onnx --token-file %d/token --log-format json",
        "model.onnx --host 0.0.0.0",
    }


@pytest.mark.parametrize("line", COMMANDS)
def test_serve_page_command_is_parsed(line: str) -> None:
    assert command.make_context("serve", shlex.split(line, comments=True)).params["models"]


def test_serve_page_tritonclient_example_returns_probabilities(server, jpeg, tmp_path) -> None:
    (tmp_path / "red.jpg").write_bytes(jpeg())
    (lines,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    found: dict[str, object] = {}
    exec(lines, found)
    answer = found["ask"](f"127.0.0.1:{server.port}", [str(tmp_path / "red.jpg")])  # type: ignore[operator]
    assert answer.shape == (1, 2)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/", "/assets/main.js"])
def test_static_files_have_their_content_type(server, path: str) -> None:
    kinds = {
        "/openapi.json": "application/json",
        "/assets/main.js": "text/javascript; charset=utf-8",
    }
    reply = server.get(path)
    assert (reply.status, reply.headers["content-type"]) == (
        200,
        kinds.get(path, "text/html; charset=utf-8"),
    )


def test_static_files_load_nothing_from_other_servers(server) -> None:
    policy = server.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in (CHECKOUT / "ctc" / "serving" / "static").iterdir()
    )
    assert set(re.findall(r"https?://[^\s\"'<>)]+", text)) == {
        "http://www.w3.org/2000/svg",
        "https://owasp.org/www-community/attacks/CSV_Injection",
    }
