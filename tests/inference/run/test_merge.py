from __future__ import annotations

from pathlib import Path

import pytest

from ctc.cli.main import run
from ctc.errors import InputError, OutputExistsError, UsageError
from ctc.inference.config import PredictConfig, ShardSpec
from ctc.inference.run.merge import MergeConfig, prepare_merge
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin.manager import plugins

COUNT = 3


def silent(photos: int, failed: int) -> None:
    """Report nothing."""


def shard(model: Path, photos: Path, output: Path, number: int, **options) -> Path:
    """Make a part and return its path."""
    config = PredictConfig(
        model, (photos,), output, shard=ShardSpec(number, options.pop("count", COUNT)), **options
    )
    run = prepare_run(config, plugins())
    run.run(silent)
    return run.target


def merged(output: Path, *parts: Path, **options) -> Path:
    prepare_merge(MergeConfig(parts, output, **options), plugins()).run(silent)
    return output


@pytest.fixture
def photos(draw, tmp_path: Path) -> Path:
    """A folder of 16 photos, one of them broken."""
    for number in range(16):
        draw(f"photos/{number:02}.png", (16 * number, 0, 255 - 16 * number))
    (tmp_path / "photos" / "07.png").write_text("no photo")
    return tmp_path / "photos"


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_merge_equals_one_run(model, photos, tmp_path, name: str) -> None:
    prepare_run(PredictConfig(model, (photos,), tmp_path / "whole" / name), plugins()).run(silent)
    parts = [shard(model, photos, tmp_path / "parts" / name, number) for number in (3, 1, 2)]
    output = merged(tmp_path / "merged" / name, *parts)
    assert sorted(path.name for path in parts) == [
        f"{name}.part-{number}-of-3" for number in (1, 2, 3)
    ]
    for file in (tmp_path / "whole").iterdir():
        assert (output.parent / file.name).read_bytes() == file.read_bytes()


def test_merge_accepts_more_parts_than_events(model, draw, tmp_path) -> None:
    photo = draw("photos/red.png")
    parts = [shard(model, photo.parent, tmp_path / "p.csv", number) for number in (1, 2, 3)]
    assert merged(tmp_path / "p.csv", *parts).read_text().count("red.png") == 2


def test_shard_resumes_after_interruption(model, photos, tmp_path) -> None:
    whole = shard(model, photos, tmp_path / "whole" / "p.csv", 2).read_bytes()
    started = prepare_run(
        PredictConfig(model, (photos,), tmp_path / "p.csv", shard=ShardSpec(2, COUNT)), plugins()
    )

    def stop(photos: int, failed: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        started.run(stop)
    part = shard(model, photos, tmp_path / "p.csv", 2)
    assert part.read_bytes().splitlines()[1:] == whole.splitlines()[1:]
    assert not started.journal.exists()


def test_merge_refuses_incomplete_runs(model, build_model, photos, tmp_path) -> None:
    first, second, third = (
        shard(model, photos, tmp_path / "p.csv", number) for number in (1, 2, 3)
    )
    other = shard(build_model("other.onnx", bias=1.0), photos, tmp_path / "other.csv", 2)
    fourth = shard(model, photos, tmp_path / "p.csv", 4, count=4)
    torn = tmp_path / "torn"
    torn.write_bytes(second.read_bytes()[:-20])
    output = tmp_path / "p.csv"
    for parts, message in (
        ([first, third], "1 of 3 parts are missing: 2"),
        ([first, first, second, third], "part 1 of 3 is given twice"),
        ([first, other, third], "was made with another model, unlike"),
        ([first, second, fourth], "one of 3 parts, .* one of 4"),
        ([first, tmp_path / "gone"], "part '.*gone' is not there"),
    ):
        with pytest.raises(UsageError, match=message):
            merged(output, *parts)
    for broken, message in (
        (torn, "is not complete: run the command"),
        (model, "is not a journal of `ctc predict`, `detect` or `embed`"),
    ):
        with pytest.raises(InputError, match=message):
            merged(output, first, broken, third)
    assert not output.exists()


def test_shard_refuses_existing_part_and_format_options(model, photos, tmp_path) -> None:
    shard(model, photos, tmp_path / "p.csv", 1)
    with pytest.raises(OutputExistsError):
        shard(model, photos, tmp_path / "p.csv", 1)
    with pytest.raises(UsageError, match="give the options of the output format to `ctc merge`"):
        shard(model, photos, tmp_path / "p.csv", 2, format_options={"excel": True})


def test_merge_command_merges_shards(model, photos, tmp_path, capsys) -> None:
    output = tmp_path / "p.csv"
    codes = [
        run(["predict", str(model), str(photos), "--output", str(output), "--shard", f"{n}/2"])
        for n in (1, 2)
    ]
    assert codes == [0, 3]
    assert "1 failed and will be listed by `ctc merge`" in capsys.readouterr().err
    assert (
        run(
            [
                "merge",
                *map(str, tmp_path.glob("p.csv.part-*")),
                "--output",
                str(output),
                "--per-photo",
            ]
        )
        == 3
    )
    assert output.read_text().splitlines()[0].count('"path"') == 1
    assert "07.png" in (tmp_path / "p.csv.failures.csv").read_text()
