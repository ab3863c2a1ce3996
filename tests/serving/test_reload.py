"""A model whose file changes is served anew; a file that can't be served leaves the one of
before."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ctc.storage.paths import parse_path


@pytest.fixture
def watching(serve, write_model, tmp_path):
    """(a server that looks at its model's file all the time, the file)"""
    file = write_model(tmp_path / "model.onnx")
    return serve({"model": file}, reload=0.02), file


def species(server, photo: bytes) -> str:
    return server.send_photo(photo).json["predictions"][0]["labels"]["species"]["class"]


def replace_with(file: Path, data: bytes) -> None:
    new = file.with_suffix(".new")
    new.write_bytes(data)
    new.replace(file)


def test_a_new_file_is_served(watching, write_model, jpeg, tmp_path) -> None:
    server, file = watching
    assert species(server, jpeg()) == "fox"
    replace_with(
        file, write_model(tmp_path / "other.onnx", {"species": ("lynx", "bear")}).read_bytes()
    )
    server.wait_for('ctc_model_version{model="model"}', 2)
    assert species(server, jpeg()) == "lynx"
    assert server.get("/v1/models/model").json["model_version_status"][0]["version"] == "2"
    assert server.figure('ctc_model_reloads_total{model="model",outcome="served"}') == 1


def test_a_new_file_at_a_remote_place_is_served(serve, write_model, jpeg, tmp_path) -> None:
    file = parse_path(f"memory://{tmp_path.name}/model.onnx")
    file.write_bytes(write_model(tmp_path / "model.onnx").read_bytes())
    server = serve({"model": file}, reload=0.02)
    assert species(server, jpeg()) == "fox"
    file.write_bytes(
        write_model(tmp_path / "other.onnx", {"species": ("wolverine", "bear")}).read_bytes()
    )
    server.wait_for('ctc_model_version{model="model"}', 2)
    assert species(server, jpeg()) == "wolverine"


def test_a_file_that_is_touched_alone_is_the_same_model(watching) -> None:
    server, file = watching
    os.utime(file, ns=(1, 1))
    server.wait_for('ctc_model_reloads_total{model="model",outcome="served"}', 1)
    assert server.figure('ctc_model_version{model="model"}') == 1


@pytest.mark.parametrize("data", [b"", b"not a model", None])
def test_a_bad_file_leaves_the_model_of_before_and_is_told(
    watching, jpeg, caplog, data: bytes | None
) -> None:
    server, file = watching
    with caplog.at_level(logging.WARNING, "ctc.serving"):
        file.unlink() if data is None else replace_with(file, data)
        server.wait_for('ctc_model_stale{model="model"}', 1)
    assert species(server, jpeg()) == "fox"
    assert "model 'model' goes on as it was: model '" in caplog.text
    assert server.figure('ctc_model_reloads_total{model="model",outcome="refused"}') == 1


def test_a_good_file_after_a_bad_one_is_served(watching, write_model, jpeg, tmp_path) -> None:
    server, file = watching
    replace_with(file, b"not a model")
    server.wait_for('ctc_model_stale{model="model"}', 1)
    replace_with(
        file, write_model(tmp_path / "other.onnx", {"species": ("lynx", "bear")}).read_bytes()
    )
    server.wait_for('ctc_model_stale{model="model"}', 0)
    assert species(server, jpeg()) == "lynx"


def test_a_request_under_way_is_answered_by_the_model_it_came_to(
    serve, write_model, jpeg, tmp_path
) -> None:
    file = write_model(tmp_path / "model.onnx")
    server = serve({"model": file}, reload=0.02, batch_size=2, wait=1.0)
    with ThreadPoolExecutor() as clients:
        early = clients.submit(species, server, jpeg())
        server.wait_for("ctc_queue_photos", 1)
        replace_with(
            file, write_model(tmp_path / "other.onnx", {"species": ("lynx", "bear")}).read_bytes()
        )
        server.wait_for('ctc_model_version{model="model"}', 2)
        assert (early.result(), species(server, jpeg())) == ("fox", "lynx")
