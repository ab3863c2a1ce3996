"""Remote photos, tables, datasets, models and outputs: same bytes as with local files.

The remote storages are fsspec's memory file system and an S3 server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
from ctc.images.listing.folders import find_photos
from ctc.inference.config import PredictConfig
from ctc.inference.run.predict_run import PredictRun, prepare_run
from ctc.plugin.manager import plugins
from ctc.storage.paths import parse_path
from ctc.storage.remote_files import upload

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.slow,
    # storage clients leave connections to the garbage collector
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

BROKEN = "north/0005.png"


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty remote folder."""
    monkeypatch.setenv("CTC_CACHE", str(tmp_path / "cache"))
    return (
        parse_path(f"memory://{tmp_path.name}")
        if request.param == "memory"
        else request.getfixturevalue("bucket")
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of two classes in folders with unusual names, one photo broken."""
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
    """Return the files below a folder, local or remote, with their content."""
    start = len(str(folder)) + 1
    found = folder.rglob("*")
    return {str(path)[start:]: path.read_bytes() for path in found if path.is_file()}


def test_predict_remote_photos_gives_same_as_local(store, photos, red_model, tmp_path) -> None:
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


def test_update_at_remote_places_predicts_only_what_is_new(
    store, photos, red_model, capsys
) -> None:
    upload(photos, store / "photos")
    predict = ["predict", str(red_model), f"{store}/photos", "--output"]
    update = [*predict, f"{store}/p.csv", "--update", f"{store}/p.csv"]
    assert run(update) == 3
    upload(photos / "north" / "0000.png", store / "photos" / "north" / "0001.png")
    upload(photos / "north" / "0000.png", store / "photos" / BROKEN)
    upload(photos / "north" / "0002.png", store / "photos" / "new.png")
    capsys.readouterr()
    assert run(update) == 0
    # the mended one and one at a new URL: 0001.png has the contents of another photo now
    assert "25 events predicted from 25 photos: 2 in " in capsys.readouterr().err
    assert run([*predict, f"{store}/whole.csv"]) == 0
    assert (store / "p.csv").read_bytes() == (store / "whole.csv").read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_engine_run_keeps_chunks_in_bucket(
    bucket, red_model, tmp_path, kill_after_first_part
) -> None:
    for number in range(80):
        Image.new("RGB", (48, 40), (3 * number, 40, 90)).save(tmp_path / f"{number:04}.png")
    upload(tmp_path, bucket / "photos")
    command = ["predict", str(red_model), f"{bucket}/photos", "--engine", "local", "--output"]
    assert run([*command, f"{bucket}/whole.csv"]) == 0
    kill_after_first_part("ctc_plugins.engines.local", [*command, f"{bucket}/p.csv"])
    assert list((bucket / "p.csv.parts").glob("*.part"))
    assert run([*command, f"{bucket}/p.csv"]) == 0
    assert (bucket / "p.csv").read_bytes() == (bucket / "whole.csv").read_bytes()
    assert sorted(path.name for path in bucket.iterdir()) == ["p.csv", "photos", "whole.csv"]


def test_predict_keeps_progress_when_upload_fails(
    bucket, photos, red_model, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("CTC_CACHE", str(tmp_path / "cache"))
    gone = parse_path(f"{bucket.parents[-1]}".rstrip("/") + "-gone/work/p.csv")

    def prepare() -> PredictRun:
        return prepare_run(PredictConfig(red_model, (photos,), gone), plugins())

    with pytest.raises(FileNotFoundError):
        prepare().run(lambda photos, failed: None)
    gone.fs.mkdir(gone.path.split("/")[0])
    summary = prepare().run(lambda photos, failed: None)
    assert (summary.resumed, summary.photos, summary.failed) == (24, 24, 1)
    assert gone.exists()


def test_predict_ends_when_storage_fails(red_model, tmp_path) -> None:
    """The run ends, so that the same command can retry; the photos don't become failures."""
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
        cwd=tmp_path,
        env={**os.environ, **nowhere, "AWS_MAX_ATTEMPTS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: 's3://park/")
    assert "can't be read: could not connect" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["photos.csv"]


def test_predict_photo_url_with_query(photos, red_model, tmp_path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(photos))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        photo = f"http://127.0.0.1:{server.server_port}/north/0001.png?sig=a/b"
        assert (
            run(["predict", str(red_model), photo, "--output", str(tmp_path / "p.csv"), "--quiet"])
            == 0
        )
        server.shutdown()
    assert photo.replace("a/b", "***") in (tmp_path / "p.csv").read_text()


COLUMNS = "--event-id a --image b --label c"
TRAINING = "--label a --backbone small_cnn"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("predict m.onnx nope://x --output p.csv", "'nope://x' has an unknown URL scheme 'nope'"),
        ("predict m.onnx memory://none/x --output p.csv", "model 'm.onnx' is not there"),
        (
            "predict memory://none/m.onnx photos --output p.csv",
            "model 'memory://none/m.onnx' is not there",
        ),
        (
            f"inventory csv memory://none/a.csv {COLUMNS} --output i.parquet",
            "file 'memory://none/a.csv' does not exist",
        ),
        (
            "inventory folders memory://none/a --output i.parquet",
            "'memory://none/a' is not a folder",
        ),
        (
            "dataset memory://none/i.parquet --output d",
            "inventory 'memory://none/i.parquet' does not exist",
        ),
        (
            f"train memory://none/d --output run {TRAINING}",
            "dataset 'memory://none/d' does not exist: make one with `ctc dataset`",
        ),
        (
            f"train d --output s3://park/run {TRAINING}",
            "'s3://park/run' is a URL: give a local path",
        ),
        (
            "export s3://park/run --output m.onnx",
            "'s3://park/run' is a URL: give a local path",
        ),
    ],
)
def test_command_reports_missing_remote_input_in_one_line(
    arguments, message, capsys, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert not list(tmp_path.iterdir())


def test_command_checks_bucket_before_start(s3_server, capsys) -> None:
    assert run(["inventory", "folders", "photos", "--output", "s3://no-such-bucket/i.parquet"]) == 2
    assert (
        capsys.readouterr().err
        == "error: there is no bucket 's3://no-such-bucket/': create it, or correct the name\n"
    )


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("s3://", "'s3://' names no bucket: write 's3://bucket/folder'"),
        ("s3:///i.parquet", "'s3:///i.parquet' names no bucket: write 's3://bucket/folder'"),
        (
            "https://127.0.0.1:1/i.parquet",
            (
                "'https://127.0.0.1:1/i.parquet' can't be written, HTTP is read-only: "
                "choose another --output"
            ),
        ),
    ],
)
def test_command_checks_output_scheme_before_start(output, message, capsys) -> None:
    assert run(["inventory", "folders", "photos", "--output", output]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_parse_path_accepts_capital_scheme() -> None:
    assert str(parse_path("S3://park/photos")) == "s3://park/photos"


def test_inventory_and_dataset_of_remote_photos_are_same_as_local(store, photos, tmp_path) -> None:
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


def test_dataset_resumes_in_bucket(store, photos, tmp_path) -> None:
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


def test_open_dataset_downloads_shards_once_and_checks_them(store, tiny_dataset, capsys) -> None:
    dataset = tiny_dataset()
    upload(dataset.folder, store / "dataset")
    opened = open_dataset(store / "dataset", ["val"])
    names = {name for shard in dataset.shards("val") for name in (shard.file, shard.index_file)}
    assert set(texts(opened.folder)) == {"dataset.json", *names}
    for shard in dataset.shards("val"):
        (store / "dataset" / shard.file).unlink()
    assert texts(open_dataset(store / "dataset", ["val"]).folder) == texts(opened.folder)
    damaged = store / "dataset" / dataset.shards("train")[0].file
    damaged.write_bytes(bytes(len(damaged.read_bytes())))
    with pytest.raises(InputError, match="SHA-256"):
        open_dataset(store / "dataset")


def test_evaluate_on_remote_dataset(store, photos, red_model, tmp_path) -> None:
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


def test_find_photos_in_bucket_with_any_names(bucket) -> None:
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


def test_report_finds_photos_with_paths_or_urls(photos, tmp_path) -> None:
    root = parse_path(f"memory://{tmp_path.name}")
    upload(photos / "north", root / "north")
    wanted = [PhotoRef("1", f"{root}/north/0001.png"), PhotoRef("2", "north/0002.png")]
    assert [photo for photo, _ in thumbnails_from_files(root)(wanted)] == wanted


def test_verify_finds_damage_in_bucket(store, tiny_dataset, capsys) -> None:
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
def test_open_dataset_rejects_invalid_manifest(
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
