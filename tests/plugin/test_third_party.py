"""Third-party plugins that load and then fail: one line names the plugin, stdout stays data."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from ctc.cli.main import run
from ctc.cli.signals import Terminated
from ctc.plugin.manager import plugins
from ctc.plugin.third_party import raised_by_plugin

HOSTILE = """
    import sys
    from dataclasses import replace
    from pathlib import Path
    import numpy as np
    from ctc.errors import InputError
    from ctc.plugin import (
        Aggregation, Backbone, InputFormat, Loader, Observation, OutputFormat, hookimpl
    )
    from ctc_plugins.loaders.turbo import loader as turbo

    def fails(*_):
        return {}["missing"]

    def interrupts(*_):
        raise KeyboardInterrupt

    def half(source, options):
        print("reading")
        yield Observation("1", ("a.jpg",), {"class": "fox"})
        fails()

    def loud(source, options):
        print("reading")
        yield Observation("1", ("a.jpg",), {"class": "fox"})

    def refuses(source, options):
        raise InputError("the table has no header")

    def prints_and_writes(entries, path, context):
        print("writing")
        list(entries)
        path.write_text("done")

    class Stream:
        samples, steps, skipped = 12, 3, 0
        def __init__(self, epoch):
            self.epoch = epoch
        def close(self):
            print("closed")

    def batches_of_nothing(index, start_step=0):
        yield "a batch"

    def network(output):
        class Network: pass
        Network.output = output
        return Network

    class Features:
        shape = (None, 7, 7, 64)

    READERS = {
        "fails": fails, "half": half, "loud": loud, "refuses": refuses, "interrupts": interrupts,
        "leaves": lambda *_: sys.exit("bye"), "none": lambda *_: None,
        "dicts": lambda *_: [{"event_id": "1"}],
        "numbers": lambda *_: iter([Observation(1, ("a.jpg",), {})]),
        "one_text": lambda *_: iter([Observation("1", "a.jpg", {})]),
        "counts": lambda *_: iter([Observation("1", ("a.jpg",), {"count": 2})]),
    }
    OPENERS = {
        "fails": fails, "nothing": lambda *_: None, "epoch_fails": lambda *_: Stream(fails),
        "strings": lambda *_: Stream(batches_of_nothing),
    }
    BUILDERS = {"fails": fails, "nothing": lambda *_: None, "flat": lambda *_: network(Features)}
    COMBINERS = {
        "fails": fails, "square": lambda p: np.zeros((2, 2)), "nan": lambda p: p[0] * np.nan,
        "leaves": lambda p: sys.exit(), "loud": lambda p: print("combining") or p[0],
    }
    WRITERS = {
        "fails": fails, "nothing": lambda *_: None, "leaves": lambda *_: sys.exit(0),
        "loud": prints_and_writes,
    }

    @hookimpl
    def ctc_input_formats():
        return [
            InputFormat(f"r_{name}", "", Path.exists, read, lambda s, _: s.parent)
            for name, read in READERS.items()
        ]

    @hookimpl
    def ctc_loaders():
        return [Loader(f"l_{name}", "", lambda: None, open) for name, open in OPENERS.items()] + [
            replace(turbo.ctc_loaders()[0], name="l_sound"), Loader("l_odd", "", lambda: 3, fails)]

    @hookimpl
    def ctc_backbones():
        return [Backbone(f"b_{name}", "", (8, 8), build) for name, build in BUILDERS.items()]

    @hookimpl
    def ctc_aggregations():
        return [Aggregation(f"a_{name}", "", combine) for name, combine in COMBINERS.items()]

    @hookimpl
    def ctc_output_formats():
        return [
            OutputFormat(f"w_{name}", "", (f".{name}",), write) for name, write in WRITERS.items()
        ]
"""

Ctc = Callable[..., int]
KEY = "KeyError: 'missing' (`ctc -v` shows the traceback)"


@pytest.fixture
def ctc_here(site: Path, install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Ctc]:
    """Run `ctc` in this process with the hostile plugin; returns the exit code."""
    install("hostile", all=HOSTILE)
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(tmp_path)
    plugins.cache_clear()
    yield lambda *arguments: run([*map(str, arguments)])
    plugins.cache_clear()
    del sys.modules["hostile_all"]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.new("RGB", (40, 32), (220, 70, 30)).save(tmp_path / "a.jpg")
    return tmp_path / "a.jpg"


def plugin_error(title: str, name: str, text: str) -> str:
    return f"error: plugin 'all' of hostile 1.2: its {title} '{name}' {text}\n"


def run_inventory(ctc: Ctc, photo: Path, name: str, *verbosity: str) -> int:
    return ctc(*verbosity, "inventory", f"r_{name}", photo, "--output", "i.parquet")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("leaves", "failed: SystemExit: bye (`ctc -v` shows the traceback)"),
        (
            "none",
            "returned a NoneType from read(), not an iterator of Observation and LeftOut",
        ),
        ("dicts", "yielded a dict, not Observation or LeftOut"),
        ("numbers", "yielded an event id 1 that is not text"),
        ("one_text", "yielded the event '1' whose images are not a tuple of text"),
        ("counts", "yielded the event '1' with a class 2 that is not text"),
    ],
)
def test_input_format_error_names_plugin(ctc_here, photo, capsys, name: str, text: str) -> None:
    assert run_inventory(ctc_here, photo, name) == 1
    assert capsys.readouterr() == ("", plugin_error("input format", f"r_{name}", text))
    assert not Path("i.parquet").exists()


def test_input_format_error_midway_leaves_no_output(ctc_here, photo, capsys) -> None:
    assert run_inventory(ctc_here, photo, "half") == 1
    assert capsys.readouterr() == (
        "",
        "reading\n" + plugin_error("input format", "r_half", f"failed: {KEY}"),
    )
    assert not Path("i.parquet").exists()


def test_ctc_error_of_plugin_passes_unchanged(ctc_here, photo, capsys) -> None:
    assert run_inventory(ctc_here, photo, "refuses") == 1
    assert capsys.readouterr().err == "error: the table has no header\n"


def test_verbose_shows_traceback_of_plugin(ctc_here, photo, capsys) -> None:
    assert run_inventory(ctc_here, photo, "fails", "--verbose") == 1
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback (most recent call last):\n")
    assert 'hostile_all.py", line ' in printed
    assert printed.endswith(
        "\nKeyError: 'missing'\n" + plugin_error("input format", "r_fails", f"failed: {KEY}")
    )


def test_ctrl_c_in_plugin_interrupts(ctc_here, photo, capsys) -> None:
    assert run_inventory(ctc_here, photo, "interrupts") == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_prints_of_plugin_go_to_stderr(ctc_here, photo, capsys) -> None:
    assert run_inventory(ctc_here, photo, "loud") == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[0]) == ("", "reading")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("nothing", "returned a NoneType from open() that has no samples"),
        ("epoch_fails", f"failed: {KEY}"),
        ("strings", "yielded a str, not Batch"),
        ("odd", "returned a int from available(), not None or a reason"),
    ],
)
def test_loader_error_names_plugin(ctc_here, tiny_dataset, capsys, name: str, text: str) -> None:
    dataset = tiny_dataset({"train": 2}, shards=1)
    assert (
        ctc_here(
            "dataset", "preview", dataset.folder, "--output", "grid.png", "--loader", f"l_{name}"
        )
        == 1
    )
    printed = capsys.readouterr()
    assert (printed.out, printed.err.removeprefix("closed\n")) == (
        "",
        plugin_error("loader", f"l_{name}", text),
    )
    assert not Path("grid.png").exists()


def test_third_party_loader_gives_bytes_of_built_in(ctc_here, tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 2}, shards=1)
    for name in ("turbo", "l_sound"):
        assert (
            ctc_here(
                "dataset", "preview", dataset.folder, "--output", f"{name}.png", "--loader", name
            )
            == 0
        )
    assert Path("turbo.png").read_bytes() == Path("l_sound.png").read_bytes()


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("nothing", "returned a NoneType from build(), not a keras.Model with one output"),
        (
            "flat",
            (
                "returned a network from build() whose features are (None, 7, 7, 64), not (None, "
                "channels)"
            ),
        ),
    ],
)
def test_backbone_error_names_plugin(ctc_here, tiny_dataset, capsys, name: str, text: str) -> None:
    dataset = tiny_dataset({"train": 6}, shards=1)
    train = [
        "train",
        dataset.folder,
        "--output",
        "run",
        "--label",
        "species",
        "--batch-size",
        2,
        "--loader",
        "turbo",
    ]
    assert ctc_here(*train, "--backbone", f"b_{name}") == 1
    printed = capsys.readouterr()
    assert (printed.out, "error: " + printed.err.partition("error: ")[2]) == (
        "",
        plugin_error("backbone", f"b_{name}", text),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("leaves", "failed: SystemExit (`ctc -v` shows the traceback)"),
        ("square", "returned [[0.0, 0.0], [0.0, 0.0]] for 2 classes, not one number for each"),
        ("nan", "returned [nan, nan] for 2 classes, not one number for each"),
    ],
)
def test_aggregation_error_names_plugin(
    ctc_here, red_model, photo, capsys, name: str, text: str
) -> None:
    assert (
        ctc_here(
            "--quiet",
            "predict",
            red_model,
            photo,
            "--output",
            "p.csv",
            "--aggregation",
            f"a_{name}",
        )
        == 1
    )
    assert capsys.readouterr() == ("", plugin_error("aggregation", f"a_{name}", text))
    assert not Path("p.csv").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("leaves", "failed: SystemExit: 0 (`ctc -v` shows the traceback)"),
        ("nothing", "wrote nothing"),
    ],
)
def test_output_format_error_names_plugin(
    ctc_here, red_model, photo, capsys, name: str, text: str
) -> None:
    assert ctc_here("--quiet", "predict", red_model, photo, "--output", f"p.{name}") == 1
    assert capsys.readouterr() == ("", plugin_error("output format", f"w_{name}", text))
    assert not Path(f"p.{name}").exists()


def test_error_passing_through_output_format_names_its_source(
    ctc_here, red_model, photo, capsys
) -> None:
    options = ["--output", "p.loud", "--aggregation", "a_fails"]
    assert ctc_here("--quiet", "predict", red_model, photo, *options) == 1
    assert capsys.readouterr() == (
        "",
        "writing\n" + plugin_error("aggregation", "a_fails", f"failed: {KEY}"),
    )


def test_prints_of_nested_plugins_go_to_stderr(ctc_here, red_model, photo, capsys) -> None:
    options = ["--output", "p.loud", "--aggregation", "a_loud"]
    assert ctc_here("--quiet", "predict", red_model, photo, *options) == 0
    assert capsys.readouterr() == ("", "writing\ncombining\n")
    assert Path("p.loud").read_text() == "done"
    assert ctc_here("plugins", "--json") == 0
    assert json.loads(capsys.readouterr().out)["broken"] == []


def test_sigterm_in_plugin_terminates(ctc_here) -> None:
    from ctc.cli.signals import Terminated
    from ctc.plugin import Aggregation

    record = plugins().get(Aggregation, "a_fails").combine.record
    with pytest.raises(Terminated), record.running():
        raise Terminated(143)


class OwnExit(SystemExit):
    """An exit that a plugin defines."""


class OwnBaseException(BaseException):
    """An exception of a plugin that `except Exception` does not catch."""


@pytest.mark.parametrize(
    ("error", "is_plugins"),
    [
        (ValueError(), True),
        (SystemExit(0), True),
        (OwnExit(0), True),
        (OwnBaseException(), True),
        (KeyboardInterrupt(), False),
        (GeneratorExit(), False),
        (Terminated(143), False),
    ],
)
def test_raised_by_plugin_leaves_signals_to_the_host(
    error: BaseException, is_plugins: bool
) -> None:
    assert raised_by_plugin(error) is is_plugins
