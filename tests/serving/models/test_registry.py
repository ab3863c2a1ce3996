"""Hot reload: a changed file is loaded; one that can't be loaded leaves the previous version."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from ctc.runtime import first_run
from ctc.storage.paths import parse_path


@pytest.fixture
def watching(serve, write_model, tmp_path):
    """Return a server that checks the file of its model all the time, and the file."""
    file = write_model(tmp_path / "model.onnx")
    return serve({"model": file}, poll_interval=0.02), file


def species(server, photo: bytes) -> str:
    return server.send_photo(photo).json["predictions"][0]["labels"]["species"]["class"]


def replace_with(file: Path, data: bytes) -> None:
    new = file.with_suffix(".new")
    new.write_bytes(data)
    new.replace(file)


def test_registry_loads_a_replaced_file(watching, write_model, jpeg, tmp_path) -> None:
    server, file = watching
    assert species(server, jpeg()) == "fox"
    replace_with(
        file, write_model(tmp_path / "other.onnx", {"species": ("lynx", "bear")}).read_bytes()
    )
    server.wait_for('ctc_model_version{model="model"}', 2)
    assert species(server, jpeg()) == "lynx"
    assert server.get("/v1/models/model").json["model_version_status"][0]["version"] == "2"
    assert server.figure('ctc_model_reloads_total{model="model",outcome="served"}') == 1


def test_registry_loads_a_replaced_remote_file(serve, write_model, jpeg, tmp_path) -> None:
    file = parse_path(f"memory://{tmp_path.name}/model.onnx")
    file.write_bytes(write_model(tmp_path / "model.onnx").read_bytes())
    server = serve({"model": file}, poll_interval=0.02)
    assert species(server, jpeg()) == "fox"
    file.write_bytes(
        write_model(tmp_path / "other.onnx", {"species": ("wolverine", "bear")}).read_bytes()
    )
    server.wait_for('ctc_model_version{model="model"}', 2)
    assert species(server, jpeg()) == "wolverine"


def test_registry_keeps_the_version_of_a_touched_file(watching) -> None:
    server, file = watching
    os.utime(file, ns=(1, 1))
    server.wait_for('ctc_model_reloads_total{model="model",outcome="served"}', 1)
    assert server.figure('ctc_model_version{model="model"}') == 1


@pytest.mark.parametrize("data", [b"", b"not a model", None])
def test_registry_keeps_the_previous_version_for_a_bad_file(
    watching, jpeg, caplog, data: bytes | None
) -> None:
    server, file = watching
    with caplog.at_level(logging.WARNING, "ctc.serving"):
        file.unlink() if data is None else replace_with(file, data)
        server.wait_for('ctc_model_stale{model="model"}', 1)
    assert species(server, jpeg()) == "fox"
    assert "model 'model': keeping the previous version: model '" in caplog.text
    assert server.figure('ctc_model_reloads_total{model="model",outcome="refused"}') == 1


def test_registry_keeps_the_previous_version_for_an_endless_network(
    watching, jpeg, monkeypatch, write_endless_model, tmp_path
) -> None:
    monkeypatch.setattr(first_run, "TIMEOUT", 0.3)
    server, file = watching
    replace_with(file, write_endless_model(tmp_path / "endless.onnx").read_bytes())
    server.wait_for('ctc_model_stale{model="model"}', 1)
    assert species(server, jpeg()) == "fox"


def test_registry_loads_a_good_file_after_a_bad_one(watching, write_model, jpeg, tmp_path) -> None:
    server, file = watching
    replace_with(file, b"not a model")
    server.wait_for('ctc_model_stale{model="model"}', 1)
    replace_with(
        file, write_model(tmp_path / "other.onnx", {"species": ("lynx", "bear")}).read_bytes()
    )
    server.wait_for('ctc_model_stale{model="model"}', 0)
    assert species(server, jpeg()) == "lynx"


def test_registry_answers_requests_in_progress_with_the_previous_version(
    serve, write_model, jpeg, tmp_path
) -> None:
    file = write_model(tmp_path / "model.onnx")
    server = serve({"model": file}, poll_interval=0.02)
    with server.connect() as client:
        client.sendall(server.request_head(len(jpeg())) + jpeg()[:10])
        server.wait_for("ctc_held_bytes", 10)
        replace_with(
            file, write_model(tmp_path / "other.onnx", {"species": ("lynx", "bear")}).read_bytes()
        )
        server.wait_for('ctc_model_version{model="model"}', 2)
        client.sendall(jpeg()[10:])
        response = b""
        while b'"class":' not in response:
            response += client.recv(65536)
    assert b'"class":"fox"' in response
    assert species(server, jpeg()) == "lynx"
