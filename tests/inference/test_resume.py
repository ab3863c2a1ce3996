from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ctc.errors import CtcError, OutputExistsError
from ctc.inference.events.table import Columns
from ctc.inference.journal.journal import FLUSH_PHOTOS, journal_path
from ctc.inference.run.job import Job, PredictConfig, prepare_job
from ctc.plugin.manager import plugins

RUN = [sys.executable, "-c", "from ctc.cli import main; main()", "predict"]
COLUMNS = Columns("id", ("image",))


@pytest.fixture
def events(tmp_path: Path, draw) -> Callable[..., Path]:
    """A function that writes a CSV of so many events, each with a photo of its own colour, every
    tenth without one."""

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


def job(model: Path, source: Path, output: Path, **options) -> Job:
    return prepare_job(PredictConfig(model, (source,), output, COLUMNS, **options), plugins())


def silent(photos: int, failed: int) -> None:
    """Nobody watches."""


def interrupted(one: Job, after: int) -> None:
    """Run until so many photos are through, then Ctrl-C."""
    left = after

    def advance(photos: int, failed: int) -> None:
        nonlocal left
        left -= photos
        if left <= 0:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        one.run(advance)


def files(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.parent.iterdir() if path.is_file()}


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_an_interrupted_run_goes_on_to_the_same_bytes(
    model, events, tmp_path, suffix: str, batch_size: int
) -> None:
    source = events(40)
    whole, halting = tmp_path / "whole" / f"p{suffix}", tmp_path / "halting" / f"p{suffix}"
    job(model, source, whole, batch_size=batch_size).run(silent)
    interrupted(job(model, source, halting, batch_size=batch_size), 13)
    interrupted(job(model, source, halting, batch_size=batch_size), 30)
    assert list(files(halting)) == [f"p{suffix}.journal"]
    summary = job(model, source, halting, batch_size=batch_size).run(silent)
    assert (summary.events, summary.photos, summary.resumed, summary.failed) == (36, 40, 30, 4)
    assert files(halting) == files(whole)


def test_what_is_done_is_not_done_again(model, events, tmp_path) -> None:
    source = events(20)
    interrupted(job(model, source, tmp_path / "p.csv"), 10)
    for number in range(10):
        (tmp_path / "photos" / f"{number}.png").unlink(missing_ok=True)
    assert job(model, source, tmp_path / "p.csv").run(silent).failed == 2


def test_a_resumed_run_keeps_the_time_it_began_and_the_batch_size(model, events, tmp_path) -> None:
    source = events(20)
    first = job(model, source, tmp_path / "p.csv", batch_size=None)
    interrupted(first, 10)
    assert job(model, source, tmp_path / "p.csv", batch_size=None).header == first.header


def test_a_run_with_overwrite_goes_on_with_its_own_journal(model, events, tmp_path) -> None:
    source = events(20)
    (tmp_path / "p.csv").write_text("old")
    interrupted(job(model, source, tmp_path / "p.csv", overwrite=True), 10)
    assert (tmp_path / "p.csv").read_text() == "old"
    assert job(model, source, tmp_path / "p.csv", overwrite=True).run(silent).resumed == 10


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"aggregation": "max"}, "--aggregation mean"),
        ({"threshold": 0.5}, "--threshold as it is by default"),
        ({"source": 21}, "other photos"),
        ({"model": {"bias": 1.0}}, "another model"),
    ],
)
def test_the_journal_of_another_run_is_refused(
    model, build_model, events, tmp_path, change, difference
) -> None:
    source = events(20)
    interrupted(job(model, source, tmp_path / "p.csv"), 10)
    if "source" in change:
        source = events(change.pop("source"))
    if "model" in change:
        model = build_model(**change.pop("model"))
    with pytest.raises(
        CtcError,
        match=f"is of an unfinished run with {difference}: repeat that command to finish it",
    ):
        job(model, source, tmp_path / "p.csv", **change)


def test_a_run_goes_on_with_another_option_of_the_output(model, events, tmp_path) -> None:
    """As when the format asked for it half-way."""
    source = events(20)
    interrupted(job(model, source, tmp_path / "p.csv"), 10)
    again = job(model, source, tmp_path / "p.csv", format_options={"per_photo": True})
    assert again.run(silent).resumed == 10
    assert "path" in (tmp_path / "p.csv").read_text().splitlines()[0]


def test_overwrite_gives_the_journal_of_another_run_up(model, events, tmp_path) -> None:
    source = events(20)
    interrupted(job(model, source, tmp_path / "p.csv"), 10)
    assert (
        job(model, source, tmp_path / "p.csv", aggregation="max", overwrite=True)
        .run(silent)
        .resumed
        == 0
    )


def test_resume_begins_where_there_is_nothing_yet_and_says_when_all_is_done(
    model, events, tmp_path
) -> None:
    source = events(10)
    job(model, source, tmp_path / "p.csv", resume=True).run(silent)
    with pytest.raises(OutputExistsError, match="it is complete, there is nothing to resume"):
        job(model, source, tmp_path / "p.csv", resume=True)


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(
    model, events, tmp_path
) -> None:
    count = 4 * FLUSH_PHOTOS
    source = events(count)
    whole, killed = tmp_path / "whole" / "p.parquet", tmp_path / "killed" / "p.parquet"
    job(model, source, whole, threads=2).run(silent)
    command = [
        *RUN,
        model,
        source,
        "--event-id",
        "id",
        "--image",
        "image",
        "--threads",
        "2",
        "--output",
        killed,
    ]
    journal = journal_path(killed)
    grown = 0
    for pause in (0.0, 0.13, 0.31):
        running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while (
            running.poll() is None and (journal.stat().st_size if journal.exists() else 0) <= grown
        ):
            time.sleep(0.01)
        time.sleep(pause)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        assert journal.stat().st_size > grown
        grown = journal.stat().st_size
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert f"going on where '{journal}' ends" in done.stderr
    assert files(killed) == files(whole)
