"""`ctc embed`, with the manners of `ctc predict`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.failures import read_failure_file
from ctc.cli.main import run as run_command
from ctc.errors import CtcError, InputError, UsageError
from ctc.features.embed.run import EmbedConfig, EmbedKind, prepare_embed
from ctc.features.store import Embeddings
from ctc.images.resize import encode_jpeg
from ctc.inference.config import PredictConfig, ShardSpec
from ctc.inference.run.merge import MergeConfig, prepare_merge
from ctc.inference.run.predict_run import PredictKind, prepare_run
from ctc.plugin.manager import plugins

COUNT = 40


def silent(photos: int, failed: int) -> None:
    """Report nothing."""


@pytest.fixture
def features_model(build_model: Callable[..., Path]) -> Path:
    return build_model("features.onnx", features=True)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of 40 photos of one colour each; photo 7 is broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(COUNT):
        colour = (6 * number, 0, 255 - 6 * number)
        Image.new("RGB", (24, 16), colour).save(folder / f"{number:02}.png")
    (folder / "07.png").write_text("no photo")
    return folder


def prepare(model: Path, source: Path, output: Path, **options):
    return prepare_embed(EmbedConfig(model, (source,), output, **options), plugins())


def features(output: Path) -> np.ndarray:
    return np.concatenate([block for _, block in Embeddings.read(output).blocks(7)])


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_embed_writes_a_row_per_photo(features_model, photos, tmp_path) -> None:
    summary = prepare(features_model, photos, tmp_path / "e.parquet").run(silent)
    assert (summary.events, summary.photos, summary.failed) == (39, 40, 1)
    table = pq.read_table(tmp_path / "e.parquet")
    names = [f"{number:02}.png" for number in range(COUNT) if number != 7]
    assert [Path(path).name for path in table["path"].to_pylist()] == names
    assert table["event_id"].to_pylist() == table["path"].to_pylist()
    expected = [[6 * n / 255, 0, 1 - 6 * n / 255] for n in range(COUNT) if n != 7]
    np.testing.assert_allclose(features(tmp_path / "e.parquet"), expected, atol=1e-6)
    (failed,) = read_failure_file(tmp_path / "e.parquet.failures.csv")
    assert Path(failed.path).name == "07.png"


def test_embed_names_model_and_size_in_the_metadata(features_model, photos, tmp_path) -> None:
    run = prepare(features_model, photos, tmp_path / "e.parquet")
    run.run(silent)
    found = Embeddings.read(tmp_path / "e.parquet")
    assert (found.feature_size, found.about["model"]) == (3, "features.onnx")
    assert found.model_digest == run.header.identity["model"]
    assert found.folder == Path.cwd()


def test_embed_keeps_events_and_columns_of_a_table(features_model, photos, tmp_path) -> None:
    table = tmp_path / "events.csv"
    table.write_text("event,photo,site,path\na,00.png,north,x\na,01.png,north,x\nb,02.png,,y\n")
    output = tmp_path / "e.parquet"
    arguments = ("--event-id", "event", "--image", "photo", "--image-root", str(photos))
    code = run_command(
        ["embed", str(features_model), str(table), *arguments, "--output", str(output)]
    )
    found = pq.read_table(output)
    assert code == 0
    assert found["event_id"].to_pylist() == ["a", "a", "b"]
    assert found["site"].to_pylist() == ["north", "north", ""]
    assert found["meta_path"].to_pylist() == ["x", "x", "y"]


def test_embed_resumes_to_the_same_bytes(features_model, photos, tmp_path) -> None:
    prepare(features_model, photos, tmp_path / "whole" / "e.parquet").run(silent)
    output = tmp_path / "stopped" / "e.parquet"
    seen = 0

    def stop(photos: int, failed: int) -> None:
        nonlocal seen
        seen += photos
        if seen == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(features_model, photos, output).run(stop)
    assert not output.exists()
    summary = prepare(features_model, photos, output).run(silent)
    assert 0 < summary.resumed < COUNT
    assert files(output.parent) == files(tmp_path / "whole")


def test_embed_does_not_resume_the_journal_of_predict(features_model, photos, tmp_path) -> None:
    output = tmp_path / "e.parquet"

    def stop(photos: int, failed: int) -> None:
        raise KeyboardInterrupt

    predict = prepare_run(PredictConfig(features_model, (photos,), output), plugins())
    with pytest.raises(KeyboardInterrupt):
        predict.run(stop)
    with pytest.raises(UsageError, match="is of an unfinished run with `ctc predict`"):
        prepare(features_model, photos, output)


def test_merged_shards_equal_one_run(features_model, photos, tmp_path) -> None:
    prepare(features_model, photos, tmp_path / "whole" / "e.parquet").run(silent)
    parts = []
    for number in (1, 2, 3):
        output = tmp_path / "parts" / "e.parquet"
        run = prepare(features_model, photos, output, shard=ShardSpec(number, 3))
        run.run(silent)
        parts.append(run.target)
    output = tmp_path / "merged" / "e.parquet"
    assert run_command(["merge", *map(str, parts), "--output", str(output)]) == 3
    assert files(output.parent) == files(tmp_path / "whole")


def test_merge_refuses_a_format_of_predictions(features_model, photos, tmp_path) -> None:
    run = prepare(features_model, photos, tmp_path / "e.parquet", shard=ShardSpec(1, 1))
    run.run(silent)
    config = MergeConfig((run.target,), tmp_path / "m.parquet", "json")
    with pytest.raises(UsageError, match="embeddings are written as Parquet, not as 'json'"):
        prepare_merge(config, plugins(), (PredictKind(), EmbedKind()))


def test_merge_without_the_kind_says_so(features_model, photos, tmp_path) -> None:
    run = prepare(features_model, photos, tmp_path / "e.parquet", shard=ShardSpec(1, 1))
    run.run(silent)
    with pytest.raises(InputError, match="is of `ctc embed`, which this ctc doesn't know"):
        prepare_merge(MergeConfig((run.target,), tmp_path / "m.parquet"), plugins())


def test_engine_output_equals_one_run(features_model, photos, tmp_path) -> None:
    prepare(features_model, photos, tmp_path / "whole" / "e.parquet").run(silent)
    run = prepare(features_model, photos, tmp_path / "engine" / "e.parquet", engine="local")
    assert run.run(silent).photos == COUNT
    assert files(tmp_path / "engine") == files(tmp_path / "whole")


def test_model_without_features_is_refused(model, photos, tmp_path) -> None:
    with pytest.raises(CtcError, match="has no features: write it again with `ctc export --feat"):
        prepare(model, photos, tmp_path / "e.parquet")


def test_output_is_parquet(features_model, photos, tmp_path) -> None:
    with pytest.raises(UsageError, match=r"written as Parquet: end '.*e\.csv' with '\.parquet'"):
        prepare(features_model, photos, tmp_path / "e.csv")


def test_features_that_are_no_numbers_fail_the_photo(build_model, photos, tmp_path) -> None:
    broken = build_model("nan.onnx", features=True, bias=float("nan"))
    with pytest.raises(InputError, match=r"nothing could be embedded, all 40 failures .* not a n"):
        prepare(broken, photos, tmp_path / "e.parquet").run(silent)


def test_dry_run_writes_nothing(features_model, photos, tmp_path, capsys) -> None:
    output = tmp_path / "e.parquet"
    arguments = ["embed", str(features_model), str(photos), "--output", str(output), "--dry-run"]
    assert run_command(arguments) == 0
    shown = capsys.readouterr().out
    assert "model    features.onnx: 3 features\n" in shown
    assert "photos   40: about" in shown
    assert not output.exists()


def record(name: str, *colours: tuple[int, int, int]) -> EventRecord:
    jpegs = tuple(encode_jpeg(np.full((16, 24, 3), colour, np.uint8), 95) for colour in colours)
    paths = tuple(f"{name}{number}.jpg" for number in range(len(jpegs)))
    return EventRecord(
        name, jpegs, ((16, 24),) * len(jpegs), {"species": (0,)}, paths, {"location": "north"}
    )


@pytest.fixture
def dataset(dataset_of) -> Path:
    """Two events in train, of which one is repeated, and one in test."""
    first, second = record("a", (200, 0, 0), (0, 200, 0)), record("b", (0, 0, 200))
    events = {"train": [first, second, first], "test": [record("c", (100, 100, 100))]}
    return dataset_of(events, {"species": ("fox",)}).folder


def test_dataset_gives_its_events_once_with_their_split(features_model, dataset, tmp_path) -> None:
    summary = prepare(features_model, dataset, tmp_path / "e.parquet").run(silent)
    found = pq.read_table(tmp_path / "e.parquet")
    assert summary.photos == 4
    assert found["event_id"].to_pylist() == ["a", "a", "b", "c"]
    assert found["path"].to_pylist() == ["a0.jpg", "a1.jpg", "b0.jpg", "c0.jpg"]
    assert found["split"].to_pylist() == ["train", "train", "train", "test"]
    assert found["location"].to_pylist() == ["north"] * 4
    np.testing.assert_allclose(
        features(tmp_path / "e.parquet"),
        np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200], [100, 100, 100]]) / 255,
        atol=0.02,
    )
    assert Embeddings.read(tmp_path / "e.parquet").folder is None


def test_dataset_is_embedded_alone_and_here(features_model, dataset, photos, tmp_path) -> None:
    output = tmp_path / "e.parquet"
    both = EmbedConfig(features_model, (dataset, photos), output)
    with pytest.raises(UsageError, match="is a dataset: embed it alone"):
        prepare_embed(both, plugins())
    with pytest.raises(UsageError, match="workers read photos from files, not from a dataset"):
        prepare(features_model, dataset, output, engine="local")
    with pytest.raises(UsageError, match="--events-within is not for a dataset"):
        prepare(features_model, dataset, output, events_within=5.0)


def test_decode_is_that_of_predict(features_model, photos, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("ctc.inference.gpu_decode.device.nvidia_gpus", list)
    output = str(tmp_path / "e.parquet")
    arguments = ["embed", str(features_model), str(photos), "--output", output]
    assert run_command([*arguments, "--decode", "gpu"]) == 2
    assert "--decode gpu needs" in capsys.readouterr().err
