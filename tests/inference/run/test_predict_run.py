from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import CtcError, InputError
from ctc.inference.config import PredictConfig, Summary
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin import OutputFormat
from ctc.plugin.manager import plugins


def predict(model: Path, *sources: Path, **options) -> Summary:
    config = PredictConfig(model, sources, options.pop("output"), **options)
    return prepare_run(config, plugins()).run(lambda done, failed: None)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "broken.jpg"
    path.parent.mkdir(exist_ok=True)
    path.write_text("no photo")
    return path


def test_run_writes_only_the_output(model, draw, tmp_path) -> None:
    photo = draw("photos/red.png")
    summary = predict(model, photo.parent, output=tmp_path / "out" / "p.csv")
    assert (summary.events, summary.photos, summary.failed) == (1, 1, 0)
    assert names(tmp_path / "out") == ["p.csv"]
    assert names(photo.parent) == ["red.png"]


def test_run_lists_failures_next_to_the_output(model, draw, broken, tmp_path) -> None:
    draw("photos/red.png")
    summary = predict(model, broken.parent, output=tmp_path / "p.csv")
    reason = "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)"
    assert (summary.events, summary.photos, summary.failed) == (1, 2, 1)
    assert summary.failures == tmp_path / "p.csv.failures.csv"
    assert summary.failures.read_text() == f'path,reason\n{broken},"{reason}"\n'


def test_run_removes_old_list_of_failures(model, draw, broken, tmp_path) -> None:
    photo = draw("photos/red.png")
    first = predict(model, broken.parent, output=tmp_path / "p.csv")
    predict(model, photo, output=tmp_path / "p.csv", overwrite=True)
    assert not first.failures.exists()


def test_run_without_predictions_keeps_old_output(model, broken, tmp_path) -> None:
    output = tmp_path / "p.csv"
    output.write_text("old")
    with pytest.raises(
        InputError, match=r"nothing could be predicted, all 1 failures are listed in .*broken\.jpg"
    ):
        predict(model, broken, output=output, overwrite=True)
    assert output.read_text() == "old"
    assert "broken.jpg" in (tmp_path / "p.csv.failures.csv").read_text()
    assert not list(tmp_path.glob(".*"))


def test_run_keeps_only_the_journal_when_the_format_fails(
    model, draw, tmp_path, broken, plugins_with
) -> None:
    def write(entries, path: Path, context) -> None:
        path.write_text("half")
        list(entries)
        raise InputError("the disk is full")

    loaded = plugins_with(OutputFormat("half", "", (".half",), write))
    config = PredictConfig(model, (draw("red.png"), broken), tmp_path / "p.half")
    run = prepare_run(config, loaded)
    before = names(tmp_path)
    with pytest.raises(CtcError, match="the disk is full"):
        run.run(lambda done, failed: None)
    assert names(tmp_path) == sorted([*before, "p.half.journal"])


def test_run_reports_every_photo(model, draw, broken, tmp_path) -> None:
    draw("photos/red.png")
    reported = []
    run = prepare_run(PredictConfig(model, (broken.parent,), tmp_path / "p.csv"), plugins())
    run.run(lambda done, failed: reported.append((done, failed)))
    assert reported == [(1, 1), (1, 0)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
