from __future__ import annotations

from pathlib import Path

import pytest

from ctc.cli.main import run
from ctc.errors import InputError, OutputExistsError, UsageError
from ctc.inference.run.job import PredictConfig, prepare_job
from ctc.inference.run.merge import MergeConfig, merge
from ctc.inference.run.shards import ShardSpec
from ctc.plugin.manager import plugins

COUNT = 3


def silent(photos: int, failed: int) -> None:
    """Nobody watches."""


def shard(model: Path, photos: Path, output: Path, number: int, **options) -> Path:
    """Make a part and return its path."""
    config = PredictConfig(
        model, (photos,), output, shard=ShardSpec(number, options.pop("count", COUNT)), **options
    )
    job = prepare_job(config, plugins())
    job.run(silent)
    return job.target


def merged(output: Path, *parts: Path, **options) -> Path:
    merge(MergeConfig(parts, output, **options), plugins(), silent)
    return output


@pytest.fixture
def photos(draw, tmp_path: Path) -> Path:
    """A folder of 16 photos, one of them broken."""
    for number in range(16):
        draw(f"photos/{number:02}.png", (16 * number, 0, 255 - 16 * number))
    (tmp_path / "photos" / "07.png").write_text("no photo")
    return tmp_path / "photos"


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_parts_become_the_file_that_one_run_would_have_written(
    model, photos, tmp_path, name: str
) -> None:
    prepare_job(PredictConfig(model, (photos,), tmp_path / "whole" / name), plugins()).run(silent)
    parts = [shard(model, photos, tmp_path / "parts" / name, number) for number in (3, 1, 2)]
    output = merged(tmp_path / "merged" / name, *parts)
    assert sorted(path.name for path in parts) == [
        f"{name}.part-{number}-of-3" for number in (1, 2, 3)
    ]
    for file in (tmp_path / "whole").iterdir():
        assert (output.parent / file.name).read_bytes() == file.read_bytes()


def test_there_may_be_more_parts_than_events(model, draw, tmp_path) -> None:
    photo = draw("photos/red.png")
    parts = [shard(model, photo.parent, tmp_path / "p.csv", number) for number in (1, 2, 3)]
    assert merged(tmp_path / "p.csv", *parts).read_text().count("red.png") == 2


def test_a_part_that_was_interrupted_goes_on(model, photos, tmp_path) -> None:
    whole = shard(model, photos, tmp_path / "whole" / "p.csv", 2).read_bytes()
    job = prepare_job(
        PredictConfig(model, (photos,), tmp_path / "p.csv", shard=ShardSpec(2, COUNT)), plugins()
    )

    def stop(photos: int, failed: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.run(stop)
    part = shard(model, photos, tmp_path / "p.csv", 2)
    assert part.read_bytes().splitlines()[1:] == whole.splitlines()[1:]
    assert not job.journal.exists()


def test_what_is_no_complete_run_is_refused(model, build_model, photos, tmp_path) -> None:
    first, second, third = (
        shard(model, photos, tmp_path / "p.csv", number) for number in (1, 2, 3)
    )
    other = shard(build_model("other.onnx", bias=1.0), photos, tmp_path / "other.csv", 2)
    fourth = shard(model, photos, tmp_path / "p.csv", 4, count=4)
    torn = tmp_path / "torn"
    torn.write_bytes(second.read_bytes()[:-20])
    output = tmp_path / "p.csv"
    for parts, message in (
        ([first, third], "of 3 parts 1 are missing: 2"),
        ([first, first, second, third], "part 1 of 3 is there twice"),
        ([first, other, third], "was made with another model, unlike"),
        ([first, second, fourth], "one of 3 parts, .* one of 4"),
        ([first, tmp_path / "gone"], "part '.*gone' is not there"),
    ):
        with pytest.raises(UsageError, match=message):
            merged(output, *parts)
    for broken, message in (
        (torn, "is not complete: repeat the command"),
        (model, "is no journal of `ctc predict`"),
    ):
        with pytest.raises(InputError, match=message):
            merged(output, first, broken, third)
    assert not output.exists()


def test_a_part_is_not_overwritten_and_takes_no_options_of_formats(model, photos, tmp_path) -> None:
    shard(model, photos, tmp_path / "p.csv", 1)
    with pytest.raises(OutputExistsError):
        shard(model, photos, tmp_path / "p.csv", 1)
    with pytest.raises(UsageError, match="give the options of the output format to `ctc merge`"):
        shard(model, photos, tmp_path / "p.csv", 2, format_options={"excel": True})


@pytest.mark.parametrize("text", ["3", "0/2", "3/2", "a/2", "1/2/3", "-1/2", "1/"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(
        UsageError, match=f"--shard '{text}' is not understood: '3/16' is the third of sixteen"
    ):
        ShardSpec.parse(text)


def test_parts_sort_by_name() -> None:
    assert ShardSpec.parse("3/16").part_path(Path("p.csv")) == Path("p.csv.part-03-of-16")


def test_shards_and_merge_from_the_command_line(model, photos, tmp_path, capsys) -> None:
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
