"""A run through the engine `local`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import CtcError, InputError, UsageError
from ctc.inference.config import PredictConfig, ShardSpec
from ctc.inference.run.chunks import exclusive_lock
from ctc.inference.run.predict_run import PredictRun, prepare_run
from ctc.plugin.manager import plugins


def silent(photos: int, failed: int) -> None:
    """Report nothing."""


@pytest.fixture
def photos(draw, tmp_path: Path) -> Path:
    """A folder of 100 photos, one of them broken."""
    for number in range(100):
        draw(f"photos/{number:02}.png", (2 * number, 0, 255 - 2 * number))
    (tmp_path / "photos" / "07.png").write_text("no photo")
    return tmp_path / "photos"


def files(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.parent.iterdir() if path.is_file()}


def prepare(model: Path, source: Path, output: Path, **options) -> PredictRun:
    config = PredictConfig(model, (source,), output, engine="local", **options)
    return prepare_run(config, plugins())


@pytest.mark.parametrize("name", ["p.csv", "p.json"])
def test_engine_output_equals_one_run(model, photos, tmp_path, name: str) -> None:
    prepare_run(PredictConfig(model, (photos,), tmp_path / "whole" / name), plugins()).run(silent)
    summary = prepare(model, photos, tmp_path / "chunked" / name).run(silent)
    assert (summary.events, summary.photos, summary.failed, summary.resumed) == (99, 100, 1, 0)
    assert files(tmp_path / "chunked" / name) == files(tmp_path / "whole" / name)
    assert not (tmp_path / "chunked" / f"{name}.parts").exists()


def interrupt(model: Path, photos: Path, output: Path) -> None:
    """Run until the first result, then Ctrl-C."""

    def stop(photos: int, failed: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(model, photos, output).run(stop)


def test_engine_resumes_finished_chunks_of_the_same_run_only(
    model, build_model, photos, tmp_path
) -> None:
    output = tmp_path / "p.csv"
    interrupt(model, photos, output)
    other = build_model("other.onnx", bias=1.0)
    with pytest.raises(CtcError, match="is of an unfinished run with another model"):
        prepare(other, photos, output)
    with pytest.raises(
        UsageError,
        match=r"'.*p\.csv\.parts' is of an unfinished run with --engine: finish that first",
    ):
        prepare_run(PredictConfig(model, (photos,), output), plugins())
    assert prepare(model, photos, output).run(silent).resumed == 32


def test_engine_overwrite_drops_chunks_of_another_run(model, build_model, photos, tmp_path) -> None:
    interrupt(model, photos, tmp_path / "p.csv")
    other = build_model("other.onnx", bias=1.0)
    run = prepare(other, photos, tmp_path / "p.csv", overwrite=True)
    assert run.run(silent).resumed == 0


def test_engine_run_is_locked_against_other_runs(model, photos, tmp_path) -> None:
    run = prepare(model, photos, tmp_path / "p.csv")
    with (
        exclusive_lock(run.journal),
        pytest.raises(InputError, match="being written by another `ctc predict`"),
    ):
        run.run(silent)
    assert not (tmp_path / "p.csv").exists()
    assert run.run(silent).events == 99


def test_engine_refuses_shard(model, photos, tmp_path) -> None:
    with pytest.raises(UsageError, match="--shard and --engine exclude each other"):
        prepare(model, photos, tmp_path / "p.csv", shard=ShardSpec(1, 2))


def test_engine_run_killed_after_its_output_is_finished_by_the_same_command(
    model, photos, tmp_path, monkeypatch
) -> None:
    output = tmp_path / "out" / "p.csv"

    def kill(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ctc.inference.run.engine_results.remove_at_once", kill)
        with pytest.raises(KeyboardInterrupt):
            prepare(model, photos, output).run(silent)
    written = files(output)
    assert sorted(written) == ["p.csv", "p.csv.failures.csv"]
    summary = prepare(model, photos, output).run(silent)
    assert (summary.events, summary.failed, summary.resumed) == (99, 1, 100)
    assert files(output) == written
    assert not (tmp_path / "out" / "p.csv.parts").exists()
