from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import OutputExistsError, UsageError
from ctc.inference.config import PredictConfig
from ctc.inference.run.output_checks import choose_format
from ctc.inference.run.predict_run import PredictRun, prepare_run
from ctc.plugin import OutputFormat
from ctc.plugin.manager import plugins


def prepare(model: Path, source: Path, output: Path, loaded=None, **options) -> PredictRun:
    return prepare_run(PredictConfig(model, (source,), output, **options), loaded or plugins())


@pytest.mark.parametrize("name", ["p.csv", "p.csv.failures.csv"])
def test_check_overwrite_refuses_existing_output(model, draw, tmp_path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(
        OutputExistsError, match="exists already: choose another --output or add --overwrite"
    ):
        prepare(model, draw("red.png"), tmp_path / "p.csv")
    assert (tmp_path / name).read_text() == "mine"


def test_check_overwrite_refuses_folder_for_file(model, draw, tmp_path) -> None:
    (tmp_path / "p.csv").mkdir()
    with pytest.raises(UsageError, match="is a folder: give the name of a file"):
        prepare(model, draw("red.png"), tmp_path / "p.csv", overwrite=True)


def test_check_overwrite_refuses_input_as_output(model, draw, tmp_path) -> None:
    source = tmp_path / "events.csv"
    source.write_text("id,image\n1,a.jpg\n")
    with pytest.raises(UsageError, match="is an input as well"):
        prepare(model, source, source, overwrite=True)


def test_choose_format_by_suffix_or_name() -> None:
    assert choose_format(Path("p.JSON"), None, plugins()).name == "json"
    assert choose_format(Path("p.json"), "csv", plugins()).name == "csv"


def test_choose_format_lists_known_suffixes() -> None:
    with pytest.raises(UsageError, match=r"end its name with .*'\.csv', .*, or add --format"):
        choose_format(Path("p.xlsx"), None, plugins())


def test_choose_format_prefers_longest_suffix(plugins_with) -> None:
    boxes = OutputFormat("boxes", "", (".boxes.json",), lambda entries, path, context: None)
    assert choose_format(Path("p.boxes.json"), None, plugins_with(boxes)).name == "boxes"


def test_check_overwrite_never_replaces_a_folder(model, draw, tmp_path, folder_format) -> None:
    (tmp_path / "p.folder").mkdir()
    with pytest.raises(
        UsageError, match="exists already: choose another --output, or delete it yourself"
    ):
        prepare(model, draw("red.png"), tmp_path / "p.folder", folder_format, overwrite=True)


def test_check_overwrite_refuses_folder_inside_input(model, draw, tmp_path, folder_format) -> None:
    photos = draw("photos/red.png").parent
    with pytest.raises(UsageError, match=r"is inside the input folder '.*photos'"):
        prepare(model, photos, photos / "sorted" / "p.folder", folder_format)
