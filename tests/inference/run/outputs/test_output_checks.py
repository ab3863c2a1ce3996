from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ctc.errors import OutputExistsError, UsageError
from ctc.inference.config import PredictConfig
from ctc.inference.run.output_checks import choose_format
from ctc.inference.run.predict_run import PredictRun, prepare_run
from ctc.plugin import OutputFormat
from ctc.plugin.manager import plugins


@contextmanager
def enabled_propagation() -> Iterator[None]:
    """Let caplog see what `ctc` logs, also after a command has run in this process."""
    log = logging.getLogger("ctc")
    before, log.propagate = log.propagate, True
    try:
        yield
    finally:
        log.propagate = before


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


def nothing(entries, path, context) -> None:
    """Write nothing."""


def test_choose_format_prefers_built_in_for_its_suffix_and_says_so(plugins_with, caplog) -> None:
    loaded = plugins_with(OutputFormat("aaa", "", (".csv",), nothing))
    with caplog.at_level("INFO", "ctc"), enabled_propagation():
        assert choose_format(Path("p.csv"), None, loaded).name == "csv"
    assert caplog.messages[0] == (
        "the output format 'aaa' of plugin 'aaa' of other 1 has the suffix '.csv' as well:"
        " it is used with --format"
    )
    assert choose_format(Path("p.csv"), "aaa", loaded).name == "aaa"


def test_choose_format_ignores_suffix_that_ends_in_another(plugins_with) -> None:
    loaded = plugins_with(OutputFormat("aaa", "", ("s.csv",), nothing))
    assert choose_format(Path("predictions.csv"), None, loaded).name == "csv"


def test_choose_format_refuses_suffix_of_two_plugins(plugins_with) -> None:
    loaded = plugins_with(
        OutputFormat("one", "", (".gz",), nothing), OutputFormat("two", "", (".gz",), nothing)
    )
    with pytest.raises(
        UsageError,
        match=r"the suffix '\.gz', 'one' of plugin 'one' of other 1 and 'two' of .*--format",
    ):
        choose_format(Path("p.gz"), None, loaded)


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
