"""Photos, tables, datasets, models and outputs at remote places: the same bytes as on this machine,
in a memory and on an S3 server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from PIL import Image

from ctc.artifacts.dataset_cache import open_dataset
from ctc.cli.main import run
from ctc.errors import InputError
from ctc.evaluation.html.gallery_items import PhotoRef
from ctc.evaluation.html.thumbnails import thumbnails_from_files
from ctc.images import read_photo
from ctc.images.folders import find_photos
from ctc.inference.run.job import Job, PredictConfig, prepare_job
from ctc.plugin.manager import plugins
from ctc.storage.paths import parse_path
from ctc.storage.remote_files import upload

# connections that the clients of the storage leave to the garbage collector
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

BROKEN = "north/0005.png"


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty place."""
    monkeypatch.setenv("CTC_CACHE", str(tmp_path / "cache"))
    return (
        parse_path(f"memory://{tmp_path.name}")
        if request.param == "memory"
        else request.getfixturevalue("bucket")
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of two classes in folders with names of all kinds, one broken."""
    folder = tmp_path_factory.mktemp("here") / "photos"
    for camera, color in (("north", (220, 30, 30)), ("süd 2#a", (30, 30, 220))):
        (folder / camera / ".hidden").mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (48, 40), (color[0], color[1] + number, color[2])).save(
                folder / camera / f"{number:04}.png"
            )
    (folder / BROKEN).write_text("no photo")
    (folder / "north" / "notes.txt").write_text("no photo either")
    return folder


def texts(folder: Any) -> dict[str, bytes]:
    """The files below a folder, here or at a remote place."""
    start = len(str(folder)) + 1
    found = folder.rglob("*")
    return {str(path)[start:]: path.read_bytes() for path in found if path.is_file()}


def test_predictions_of_remote_photos_are_those_of_photos_here(
    store, photos, red_model, tmp_path
) -> None:
    upload(photos, store / "photos")
    upload(red_model, store / "model.onnx")
    assert (
        run(["predict", str(red_model), str(photos), "--output", str(tmp_path / "out" / "p.csv")])
        == 3
    )
    there = ["predict", f"{store}/model.onnx", f"{store}/photos", "--output", f"{store}/out/p.csv"]
    assert run(there) == 3
    here = {
        name: data.replace(str(photos).encode(), f"{store}/photos".encode())
        for name, data in texts(tmp_path / "out").items()
    }
    assert texts(store / "out") == here
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_an_engine_keeps_its_parts_at_the_remote_place(bucket, red_model, tmp_path) -> None:
    for number in range(80):
        Image.new("RGB", (48, 40), (3 * number, 40, 90)).save(tmp_path / f"{number:04}.png")
    upload(tmp_path, bucket / "photos")
    command = ["predict", str(red_model), f"{bucket}/photos", "--engine", "local", "--output"]
    assert run([*command, f"{bucket}/whole.csv"]) == 0
    killed = subprocess.Popen(
        [sys.executable, "-c", "from ctc.cli import main; main()", *command, f"{bucket}/p.csv"]
    )
    while killed.poll() is None and not list((bucket / "p.csv.parts").glob("*.part")):
        time.sleep(0.01)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    assert run([*command, f"{bucket}/p.csv"]) == 0
    assert (bucket / "p.csv").read_bytes() == (bucket / "whole.csv").read_bytes()
    assert sorted(path.name for path in bucket.iterdir()) == ["p.csv", "photos", "whole.csv"]


def test_what_was_predicted_is_kept_when_the_output_cannot_be_sent(
    bucket, photos, red_model, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("CTC_CACHE", str(tmp_path / "cache"))
    gone = parse_path(f"{bucket.parents[-1]}".rstrip("/") + "-gone/work/p.csv")

    def job() -> Job:
        return prepare_job(PredictConfig(red_model, (photos,), gone), plugins())

    with pytest.raises(FileNotFoundError):
        job().run(lambda photos, failed: None)
    gone.fs.mkdir(gone.path.split("/")[0])
    summary = job().run(lambda photos, failed: None)
    assert (summary.resumed, summary.photos, summary.failed) == (24, 24, 1)
    assert gone.exists()


def test_a_storage_that_fails_is_no_failure_of_its_photos(red_model, tmp_path) -> None:
    """The run ends, so that the same command asks again, not the photos."""
    (tmp_path / "photos.csv").write_text("id,photo\n1,s3://park/1.jpg\n2,s3://park/2.jpg\n")
    columns = ["--event-id", "id", "--image", "photo"]
    command = ["predict", str(red_model), "photos.csv", *columns, "--output", "p.csv", "--quiet"]
    nowhere = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from ctc.cli import main; main()", *command],
        cwd=tmp_path, env={**os.environ, **nowhere, "AWS_MAX_ATTEMPTS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: 's3://park/")
    assert "and its like can't be read: could not connect" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["photos.csv"]


def test_a_photo_on_the_web_may_have_a_query(photos, red_model, tmp_path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(photos))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        photo = f"http://127.0.0.1:{server.server_port}/north/0001.png?sig=a/b"
        assert (
            run(["predict", str(red_model), photo, "--output", str(tmp_path / "p.csv"), "--quiet"])
            == 0
        )
        server.shutdown()
    assert photo in (tmp_path / "p.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["predict", "m.onnx", "nope://x", "--output", "p.csv"], "'nope://x' is at no known kind of place, 'nope'"),
        (["predict", "m.onnx", "memory://none/x", "--output", "p.csv"], "model 'm.onnx' is not there"),
        (["predict", "memory://none/m.onnx", "photos", "--output", "p.csv"], "model 'memory://none/m.onnx' is not there"),
        (["inventory", "csv", "memory://none/a.csv", "--event-id", "a", "--image", "b", "--label", "c", "--output", "i.parquet"],
         "file 'memory://none/a.csv' is not there"),
        (["inventory", "folders", "memory://none/a", "--output", "i.parquet"], "'memory://none/a' is not a folder"),
        (["dataset", "memory://none/i.parquet", "--output", "d"], "inventory 'memory://none/i.parquet' is not there"),
        (["train", "memory://none/d", "--output", "run", "--label", "a", "--backbone", "small_cnn"],
         "'memory://none/d/dataset.json' is not there"),
        (["train", "d", "--output", "s3://park/run", "--label", "a", "--backbone", "small_cnn"],
         "'s3://park/run' is not on this machine, as it must be"),
        (["export", "s3://park/run", "--output", "m.onnx"], "'s3://park/run' is not on this machine, as it must be"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_one_line(arguments, told, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert told in error
    assert not list(tmp_path.iterdir())


def test_a_bucket_that_is_not_there_is_told_before_anything_begins(s3_server, capsys) -> None:
    assert run(["inventory", "folders", "photos", "--output", "s3://no-such-bucket/i.parquet"]) == 2
    assert (
        capsys.readouterr().err
        == "error: there is no bucket 's3://no-such-bucket/': create it, or mend the name\n"
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("s3://", "'s3://' names no bucket: write 's3://bucket/folder'"),
        ("s3:///i.parquet", "'s3:///i.parquet' names no bucket: write 's3://bucket/folder'"),
        ("https://127.0.0.1:1/i.parquet",
         "'https://127.0.0.1:1/i.parquet' can't be written, the web is only read: choose another --output"),
    ],
)  # fmt: skip
def test_an_output_that_no_place_can_take_is_told_before_anything_begins(
    given, told, capsys
) -> None:
    assert run(["inventory", "folders", "photos", "--output", given]) == 2
    assert capsys.readouterr().err == f"error: {told}\n"


def test_a_scheme_may_be_in_capitals() -> None:
    assert str(parse_path("S3://park/photos")) == "s3://park/photos"


def test_an_inventory_and_a_dataset_of_remote_photos_are_those_of_photos_here(
    store, photos, tmp_path
) -> None:
    upload(photos, store / "photos")
    for start in (tmp_path, store):
        root = photos if start is tmp_path else start / "photos"
        assert (
            run(["inventory", "folders", str(root), "--output", f"{start}/inventory.parquet"]) == 0
        )
        assert (
            run(
                [
                    "inventory",
                    "check",
                    f"{start}/inventory.parquet",
                    "--output",
                    f"{start}/problems.csv",
                ]
            )
            == 3
        )
        options = [
            "--events-per-shard",
            "5",
            "--smallest-side",
            "16",
            "--output",
            f"{start}/dataset",
        ]
        assert run(["dataset", f"{start}/inventory.parquet", *options]) == 3
    assert (store / "problems.csv").read_bytes() == (tmp_path / "problems.csv").read_bytes()
    assert texts(store / "dataset") == texts(tmp_path / "dataset")
    assert run(["dataset", "verify", f"{store}/dataset"]) == 0


def test_a_remote_dataset_that_was_interrupted_goes_on(store, photos, tmp_path) -> None:
    assert (
        run(["inventory", "folders", str(photos), "--output", f"{tmp_path}/inventory.parquet"]) == 0
    )
    options = [
        "dataset",
        f"{tmp_path}/inventory.parquet",
        "--events-per-shard",
        "5",
        "--smallest-side",
        "16",
    ]
    assert run([*options, "--output", f"{tmp_path}/here", "--max-failures", "0"]) == 1
    upload(tmp_path / "here", store / "dataset")
    assert not (store / "dataset" / "dataset.json").exists()
    assert run([*options, "--output", f"{store}/dataset"]) == 2
    assert run([*options, "--output", f"{store}/dataset", "--resume"]) == 3
    assert run([*options, "--output", f"{tmp_path}/whole"]) == 3
    assert texts(store / "dataset") == texts(tmp_path / "whole")


def test_the_shards_of_a_remote_dataset_are_fetched_once_and_checked(
    store, tiny_dataset, capsys
) -> None:
    dataset = tiny_dataset()
    upload(dataset.folder, store / "dataset")
    opened = open_dataset(store / "dataset", ["val"])
    names = {name for shard in dataset.shards("val") for name in (shard.file, shard.index)}
    assert set(texts(opened.folder)) == {"dataset.json", *names}
    for shard in dataset.shards("val"):
        (store / "dataset" / shard.file).unlink()
    assert texts(open_dataset(store / "dataset", ["val"]).folder) == texts(opened.folder)
    damaged = store / "dataset" / dataset.shards("train")[0].file
    damaged.write_bytes(bytes(len(damaged.read_bytes())))
    with pytest.raises(InputError, match="SHA-256"):
        open_dataset(store / "dataset")


def test_a_model_is_evaluated_on_a_remote_dataset(store, photos, red_model, tmp_path) -> None:
    upload(red_model, store / "model.onnx")
    csv = store / "labels.csv"
    rows = [f"{n},{store}/photos/north/{n:04}.png,{'fox' if n % 2 else 'boar'}" for n in range(12)]
    csv.write_text("id,photo,species\n" + "\n".join(rows))
    upload(photos, store / "photos")
    columns = ["--event-id", "id", "--image", "photo", "--label", "species"]
    assert run(["inventory", "csv", str(csv), *columns, "--output", f"{store}/i.parquet"]) == 0
    assert (
        run(["dataset", f"{store}/i.parquet", "--split", "test=1", "--output", f"{store}/d"]) == 3
    )
    assert (
        run(["evaluate", f"{store}/model.onnx", f"{store}/d", "--output", f"{store}/report"]) == 0
    )
    assert {"report.html", "metrics.json"} <= set(texts(store / "report"))


def test_a_folder_is_read_whatever_the_names_in_it(bucket) -> None:
    jpeg = b"a photo"
    names = [
        "a b.jpg",
        "a#b.jpg",
        "what?.jpg",
        "100%25.jpg",
        "a+b.JPG",
        "[1].jpg",
        "*.jpg",
        "🦊.jpg",
        "x.jpg",
        "x.jpg/y.jpg",
    ]
    files, start = bucket.fs, bucket.path
    for name in [*names, ".hidden.jpg", ".trash/a.jpg", "folder/", "twice//slashed.jpg"]:
        files.call_s3(
            "put_object",
            Bucket=start.partition("/")[0],
            Key=f"{start.partition('/')[2]}/{name}",
            Body=jpeg,
        )
    found = [photo.removeprefix(f"{bucket}/") for folder in find_photos(bucket) for photo in folder]
    assert sorted(found) == sorted(names)
    assert {read_photo(f"{bucket}/{name}") for name in names} == {jpeg}


def test_photos_are_found_for_a_report_whether_or_not_their_paths_are_urls(
    photos, tmp_path
) -> None:
    root = parse_path(f"memory://{tmp_path.name}")
    upload(photos / "north", root / "north")
    wanted = [PhotoRef("1", f"{root}/north/0001.png"), PhotoRef("2", "north/0002.png")]
    assert [photo for photo, _ in thumbnails_from_files(root)(wanted)] == wanted


def test_a_dataset_that_was_damaged_after_it_was_fetched_does_not_pass_for_whole(
    store, tiny_dataset, capsys
) -> None:
    dataset = tiny_dataset()
    upload(dataset.folder, store / "dataset")
    assert run(["dataset", "verify", f"{store}/dataset"]) == 0
    damaged = store / "dataset" / dataset.shards("train")[0].file
    damaged.write_bytes(bytes(len(damaged.read_bytes())))
    assert run(["dataset", "verify", f"{store}/dataset"]) == 1
    assert "its SHA-256 is not the one in dataset.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "value"),
    [("file", "../../x.tfrecord"), ("file", "dataset.json"), ("bytes", "many"), ("sha256", None)],
)
def test_a_description_that_cannot_be_is_an_error(
    key, value, tiny_dataset, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("CTC_CACHE", str(tmp_path / "cache"))
    described = tiny_dataset().manifest.to_json()
    described["splits"]["train"]["shards"][0][key] = value
    folder = parse_path(f"memory://{tmp_path.name}/dataset")
    (folder / "dataset.json").write_text(json.dumps(described))
    with pytest.raises(InputError, match="is damaged"):
        open_dataset(folder)
    assert not (tmp_path / "cache").exists()
