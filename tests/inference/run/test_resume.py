from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ctc.errors import AlreadyCompleteError, CtcError
from ctc.images.listing.photo_table import TableColumns
from ctc.inference.config import PredictConfig
from ctc.inference.events.sources import find_events
from ctc.inference.journal.journal import FLUSH_PHOTOS, journal_path
from ctc.inference.run.predict_run import PredictRun, prepare_run
from ctc.inference.run.resume import common_image_root
from ctc.plugin.manager import plugins
from ctc.runtime.config import RuntimeConfig

RUN = [sys.executable, "-c", "from ctc.cli import main; main()", "predict"]
COLUMNS = TableColumns("id", ("image",))


@pytest.fixture
def events(tmp_path: Path, draw) -> Callable[..., Path]:
    """A function that writes a CSV of `count` events; the photo of every tenth is missing."""

    def write(count: int, name: str = "e.csv") -> Path:
        for number in range(min(count, 256)):
            draw(f"photos/{number}.png", (number, 0, 255 - number))
        rows = (
            f"{i},{'gone' if i % 10 == 9 else f'photos/{i % 256}'}.png,{i % 7}\n"
            for i in range(count)
        )
        (tmp_path / name).write_text("id,image,site\n" + "".join(rows))
        return tmp_path / name

    return write


def prepare(model: Path, source: Path, output: Path, **options) -> PredictRun:
    runtime = RuntimeConfig(
        batch_size=options.pop("batch_size", None), threads=options.pop("threads", 1)
    )
    config = PredictConfig(model, (source,), output, COLUMNS, runtime=runtime, **options)
    return prepare_run(config, plugins())


def silent(photos: int, failed: int) -> None:
    """Report nothing."""


def interrupt(run: PredictRun, after: int) -> None:
    """Run until `after` photos are predicted, then Ctrl-C."""
    left = after

    def advance(photos: int, failed: int) -> None:
        nonlocal left
        left -= photos
        if left <= 0:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        run.run(advance)


def files(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.parent.iterdir() if path.is_file()}


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_resume_gives_the_same_bytes(model, events, tmp_path, suffix: str, batch_size: int) -> None:
    source = events(40)
    whole, halting = tmp_path / "whole" / f"p{suffix}", tmp_path / "halting" / f"p{suffix}"
    prepare(model, source, whole, batch_size=batch_size).run(silent)
    interrupt(prepare(model, source, halting, batch_size=batch_size), 13)
    interrupt(prepare(model, source, halting, batch_size=batch_size), 30)
    assert list(files(halting)) == [f"p{suffix}.journal"]
    summary = prepare(model, source, halting, batch_size=batch_size).run(silent)
    assert (summary.events, summary.photos, summary.resumed, summary.failed) == (36, 40, 30, 4)
    assert files(halting) == files(whole)


def test_resume_does_not_predict_again(model, events, tmp_path) -> None:
    source = events(20)
    interrupt(prepare(model, source, tmp_path / "p.csv"), 10)
    for number in range(10):
        (tmp_path / "photos" / f"{number}.png").unlink(missing_ok=True)
    assert prepare(model, source, tmp_path / "p.csv").run(silent).failed == 2


def test_resume_keeps_the_header(model, events, tmp_path) -> None:
    source = events(20)
    first = prepare(model, source, tmp_path / "p.csv", batch_size=None)
    interrupt(first, 10)
    assert prepare(model, source, tmp_path / "p.csv", batch_size=None).header == first.header


def test_resume_with_overwrite_uses_own_journal(model, events, tmp_path) -> None:
    source = events(20)
    (tmp_path / "p.csv").write_text("old")
    interrupt(prepare(model, source, tmp_path / "p.csv", overwrite=True), 10)
    assert (tmp_path / "p.csv").read_text() == "old"
    assert prepare(model, source, tmp_path / "p.csv", overwrite=True).run(silent).resumed == 10


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"aggregation": "max"}, "--aggregation mean"),
        ({"threshold": 0.5}, "--threshold not set"),
        ({"flips": True}, "--flips not set"),
        ({"source": 21}, "other photos"),
        ({"model": {"bias": 1.0}}, "another model"),
    ],
)
def test_resume_refuses_journal_of_another_run(
    model, build_model, events, tmp_path, change, difference
) -> None:
    source = events(20)
    interrupt(prepare(model, source, tmp_path / "p.csv"), 10)
    if "source" in change:
        source = events(change.pop("source"))
    if "model" in change:
        model = build_model(**change.pop("model"))
    with pytest.raises(
        CtcError,
        match=f"is of an unfinished run with {difference}: run that command again to finish it",
    ):
        prepare(model, source, tmp_path / "p.csv", **change)


def test_resume_accepts_other_format_options(model, events, tmp_path) -> None:
    """For example when the format failed with a request for it."""
    source = events(20)
    interrupt(prepare(model, source, tmp_path / "p.csv"), 10)
    again = prepare(model, source, tmp_path / "p.csv", format_options={"per_photo": True})
    assert again.run(silent).resumed == 10
    assert "path" in (tmp_path / "p.csv").read_text().splitlines()[0]


def test_overwrite_drops_journal_of_another_run(model, events, tmp_path) -> None:
    source = events(20)
    interrupt(prepare(model, source, tmp_path / "p.csv"), 10)
    assert (
        prepare(model, source, tmp_path / "p.csv", aggregation="max", overwrite=True)
        .run(silent)
        .resumed
        == 0
    )


def test_resume_option_starts_a_run_and_refuses_a_complete_one(model, events, tmp_path) -> None:
    source = events(10)
    prepare(model, source, tmp_path / "p.csv", resume=True).run(silent)
    with pytest.raises(AlreadyCompleteError, match="is complete, there is nothing to resume"):
        prepare(model, source, tmp_path / "p.csv", resume=True)


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_resume_after_kills_gives_the_same_bytes(
    model, events, tmp_path, announcing_command
) -> None:
    count = 4 * FLUSH_PHOTOS
    source = events(count)
    whole, killed = tmp_path / "whole" / "p.parquet", tmp_path / "killed" / "p.parquet"
    prepare(model, source, whole, threads=2).run(silent)
    arguments = [model, source, "--event-id", "id", "--image", "image", "--threads", 2]
    journal = journal_path(killed)
    grown = 0
    for results in (FLUSH_PHOTOS, 2 * FLUSH_PHOTOS + 130, 3 * FLUSH_PHOTOS + 310):
        command = announcing_command(results, *arguments, "--output", killed, then="pause")
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as running:
            assert running.stdout
            assert running.stdout.readline() == "reached\n"
            running.send_signal(signal.SIGKILL)
            assert running.wait() == -signal.SIGKILL
        assert journal.stat().st_size > grown
        grown = journal.stat().st_size
    command = [*RUN, *map(str, arguments), "--output", str(killed)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert f"resuming from '{journal}'; delete it to start over" in done.stderr
    assert files(killed) == files(whole)


def test_common_image_root_contains_every_source(draw, tmp_path, monkeypatch) -> None:
    for name in ("a/north/1.png", "a/south/2.png", "b/3.png"):
        draw(name)
    (tmp_path / "tables").mkdir()
    table = tmp_path / "tables" / "e.csv"
    table.write_text("id,image\n1,north/1.png\n")
    monkeypatch.chdir(tmp_path)

    def root(*sources: str, **options) -> Path:
        paths = tuple(map(Path, sources))
        return common_image_root(paths, find_events(paths, **options))

    assert root("a") == tmp_path / "a"
    assert root("a/north", "a/south/2.png") == tmp_path / "a"
    assert root("a", "b/3.png") == tmp_path
    columns = TableColumns("id", ("image",))
    assert root("tables/e.csv", columns=columns) == tmp_path / "tables"
    assert root("tables/e.csv", columns=columns, image_root=Path("a")) == tmp_path / "a"
