from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import CtcError, InputError, OutputExistsError, UsageError
from ctc.inference.run.job import PredictConfig, Summary, prepare_job
from ctc.inference.run.output_checks import choose_format
from ctc.plugin import OutputFormat
from ctc.plugin.manager import LoadedRecord, Owner, Plugins, plugins


def run(model: Path, *sources: Path, **options) -> Summary:
    config = PredictConfig(model, sources, options.pop("output"), **options)
    return prepare_job(config, plugins()).run(lambda done, failed: None)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "broken.jpg"
    path.parent.mkdir(exist_ok=True)
    path.write_text("no photo")
    return path


def test_the_output_and_nothing_else_is_written(model, draw, tmp_path) -> None:
    photo = draw("photos/red.png")
    summary = run(model, photo.parent, output=tmp_path / "out" / "p.csv")
    assert (summary.events, summary.photos, summary.failed) == (1, 1, 0)
    assert names(tmp_path / "out") == ["p.csv"]
    assert names(photo.parent) == ["red.png"]


def test_failures_are_listed_beside_the_output(model, draw, broken, tmp_path) -> None:
    draw("photos/red.png")
    summary = run(model, broken.parent, output=tmp_path / "p.csv")
    reason = "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)"
    assert (summary.events, summary.photos, summary.failed) == (1, 2, 1)
    assert summary.failures == tmp_path / "p.csv.failures.csv"
    assert summary.failures.read_text() == f'path,reason\n{broken},"{reason}"\n'


def test_a_stale_list_of_failures_goes(model, draw, broken, tmp_path) -> None:
    photo = draw("photos/red.png")
    first = run(model, broken.parent, output=tmp_path / "p.csv")
    run(model, photo, output=tmp_path / "p.csv", overwrite=True)
    assert not first.failures.exists()


def test_when_nothing_can_be_predicted_the_failures_are_written_and_the_old_output_stays(
    model, broken, tmp_path
) -> None:
    output = tmp_path / "p.csv"
    output.write_text("old")
    with pytest.raises(
        InputError, match=r"nothing could be predicted, all 1 failures are listed in .*broken\.jpg"
    ):
        run(model, broken, output=output, overwrite=True)
    assert output.read_text() == "old"
    assert "broken.jpg" in (tmp_path / "p.csv.failures.csv").read_text()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["p.csv", "p.csv.failures.csv"])
def test_an_output_that_exists_is_refused(model, draw, tmp_path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(
        OutputExistsError, match="exists already: choose another --output or add --overwrite"
    ):
        run(model, draw("red.png"), output=tmp_path / "p.csv")
    assert (tmp_path / name).read_text() == "mine"


def test_an_output_that_is_a_folder_is_refused(model, draw, tmp_path) -> None:
    (tmp_path / "p.csv").mkdir()
    with pytest.raises(UsageError, match="is a folder: give the name of a file"):
        run(model, draw("red.png"), output=tmp_path / "p.csv", overwrite=True)


def test_an_input_is_never_the_output(model, draw, tmp_path) -> None:
    source = tmp_path / "events.csv"
    source.write_text("id,image\n1,a.jpg\n")
    with pytest.raises(UsageError, match="is an input as well"):
        run(model, source, output=source, overwrite=True)


def test_a_writer_that_fails_leaves_what_is_done_in_the_journal_and_nothing_else(
    model, draw, tmp_path, broken
) -> None:
    def write(entries, path: Path, context) -> None:
        path.write_text("half")
        list(entries)
        raise InputError("the disk is full")

    guest = LoadedRecord(
        kind("ctc_output_formats"),
        OutputFormat("half", "", (".half",), write),
        Owner("half", "guest", "1"),
    )
    both = Plugins([*plugins().loaded, guest], [])
    job = prepare_job(PredictConfig(model, (draw("red.png"), broken), tmp_path / "p.half"), both)
    before = names(tmp_path)
    with pytest.raises(CtcError, match="the disk is full"):
        job.run(lambda done, failed: None)
    assert names(tmp_path) == sorted([*before, "p.half.journal"])


def test_progress_counts_every_photo(model, draw, broken, tmp_path) -> None:
    draw("photos/red.png")
    told = []
    job = prepare_job(PredictConfig(model, (broken.parent,), tmp_path / "p.csv"), plugins())
    job.run(lambda done, failed: told.append((done, failed)))
    assert told == [(1, 1), (1, 0)]


def test_the_suffix_chooses_the_format_and_a_name_overrules_it() -> None:
    assert choose_format(Path("p.JSON"), None, plugins()).name == "json"
    assert choose_format(Path("p.json"), "csv", plugins()).name == "csv"


def test_an_unknown_suffix_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"end its name with .*'\.csv', .*, or say so with --format"
    ):
        choose_format(Path("p.xlsx"), None, plugins())


def test_the_longest_suffix_wins() -> None:
    guest = OutputFormat("boxes", "", (".boxes.json",), lambda entries, path, context: None)
    both = Plugins(
        [
            *plugins().loaded,
            LoadedRecord(kind("ctc_output_formats"), guest, Owner("boxes", "guest", "1")),
        ],
        [],
    )
    assert choose_format(Path("p.boxes.json"), None, both).name == "boxes"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def kind(hook: str):
    return next(found.kind for found in plugins().loaded if found.kind.hook == hook)
