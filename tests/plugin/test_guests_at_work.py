"""Guests that load well and then misbehave: the user gets one line that says which plugin it was,
and what is data stays data."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from ctc.cli.main import run
from ctc.plugin.manager import plugins

HOSTILE = """
    import sys
    from dataclasses import replace
    from pathlib import Path
    import numpy as np
    from ctc.errors import InputError
    from ctc.plugin import Aggregation, Backbone, InputFormat, Loader, Observation, OutputFormat, hookimpl
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

    def swallows_nothing(entries, path, context):
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
        "leaves": lambda *_: sys.exit("bye"), "none": lambda *_: None, "dicts": lambda *_: [{"event_id": "1"}],
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
        "fails": fails, "square": lambda p: np.zeros((2, 2)), "nan": lambda p: p[0] * np.nan, "leaves": lambda p: sys.exit(),
        "loud": lambda p: print("combining") or p[0],
    }
    WRITERS = {"fails": fails, "nothing": lambda *_: None, "leaves": lambda *_: sys.exit(0), "loud": swallows_nothing}

    @hookimpl
    def ctc_input_formats():
        return [InputFormat(f"r_{name}", "", Path.exists, read, lambda s, _: s.parent) for name, read in READERS.items()]

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
        return [OutputFormat(f"w_{name}", "", (f".{name}",), write) for name, write in WRITERS.items()]
"""

Ctc = Callable[..., int]
KEY = "KeyError: 'missing' (`ctc -v` shows where)"


@pytest.fixture
def ctc_here(site: Path, install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Ctc]:
    """Run `ctc` in this process, beside the hostile guest, in a folder of its own; gives the exit
    code."""
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


def blame(title: str, name: str, text: str) -> str:
    return f"error: plugin 'all' of hostile 1.2: its {title} '{name}' {text}\n"


def read(ctc: Ctc, photo: Path, name: str, *verbosity: str) -> int:
    return ctc(*verbosity, "inventory", f"r_{name}", photo, "--output", "i.parquet")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("leaves", "failed: SystemExit: bye (`ctc -v` shows where)"),
        ("none", "returned a NoneType from read(), not an iterator of Observation and LeftOut"),
        ("dicts", "gave a dict, not Observation or LeftOut"),
        ("numbers", "gave an event id 1 that is not text"),
        ("one_text", "gave the event '1' images that are not a tuple of text"),
        ("counts", "gave the event '1' a class 2 that is not text"),
    ],
)
def test_an_input_format_that_misbehaves_is_named(
    ctc_here, photo, capsys, name: str, text: str
) -> None:
    assert read(ctc_here, photo, name) == 1
    assert capsys.readouterr() == ("", blame("input format", f"r_{name}", text))
    assert not Path("i.parquet").exists()


def test_one_that_fails_in_the_middle_is_named_and_leaves_nothing(ctc_here, photo, capsys) -> None:
    assert read(ctc_here, photo, "half") == 1
    assert capsys.readouterr() == (
        "",
        "reading\n" + blame("input format", "r_half", f"failed: {KEY}"),
    )
    assert not Path("i.parquet").exists()


def test_what_it_says_of_the_source_is_said_as_it_is(ctc_here, photo, capsys) -> None:
    assert read(ctc_here, photo, "refuses") == 1
    assert capsys.readouterr().err == "error: the table has no header\n"


def test_verbose_shows_the_lines_where_it_failed(ctc_here, photo, capsys) -> None:
    assert read(ctc_here, photo, "fails", "--verbose") == 1
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last):\n")
    assert 'hostile_all.py", line ' in told
    assert told.endswith(
        "\nKeyError: 'missing'\n" + blame("input format", "r_fails", f"failed: {KEY}")
    )


def test_ctrl_c_in_a_guest_is_ctrl_c(ctc_here, photo, capsys) -> None:
    assert read(ctc_here, photo, "interrupts") == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_what_a_guest_prints_while_it_works_is_no_data(ctc_here, photo, capsys) -> None:
    assert read(ctc_here, photo, "loud") == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[0]) == ("", "reading")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("nothing", "returned a NoneType from open() that has no samples"),
        ("epoch_fails", f"failed: {KEY}"),
        ("strings", "gave a str, not Batch"),
        ("odd", "returned a int from available(), not None or a reason"),
    ],
)
def test_a_loader_that_misbehaves_is_named(
    ctc_here, tiny_dataset, capsys, name: str, text: str
) -> None:
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
        blame("loader", f"l_{name}", text),
    )
    assert not Path("grid.png").exists()


def test_a_sound_loader_of_a_guest_works_as_a_built_in_does(ctc_here, tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 2}, shards=1)
    for name in ("turbo", "l_sound"):
        assert (
            ctc_here(
                "dataset", "preview", dataset.folder, "--output", f"{name}.png", "--loader", name
            )
            == 0
        )
    assert Path("turbo.png").read_bytes() == Path("l_sound.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("nothing", "returned a NoneType from build(), not a keras.Model with one output"),
        (
            "flat",
            "returned a network from build() whose features are (None, 7, 7, 64), not (None, channels)",
        ),
    ],
)
def test_a_backbone_that_misbehaves_is_named(
    ctc_here, tiny_dataset, capsys, name: str, text: str
) -> None:
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
        blame("backbone", f"b_{name}", text),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("leaves", "failed: SystemExit (`ctc -v` shows where)"),
        ("square", "gave [[0.0, 0.0], [0.0, 0.0]] for 2 classes, not a number for each"),
        ("nan", "gave [nan, nan] for 2 classes, not a number for each"),
    ],
)
def test_an_aggregation_that_misbehaves_is_named(
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
    assert capsys.readouterr() == ("", blame("aggregation", f"a_{name}", text))
    assert not Path("p.csv").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", f"failed: {KEY}"),
        ("leaves", "failed: SystemExit: 0 (`ctc -v` shows where)"),
        ("nothing", "wrote nothing"),
    ],
)
def test_an_output_format_that_misbehaves_is_named(
    ctc_here, red_model, photo, capsys, name: str, text: str
) -> None:
    assert ctc_here("--quiet", "predict", red_model, photo, "--output", f"p.{name}") == 1
    assert capsys.readouterr() == ("", blame("output format", f"w_{name}", text))
    assert not Path(f"p.{name}").exists()


def test_an_error_that_only_passes_through_an_output_format_is_not_its_fault(
    ctc_here, red_model, photo, capsys
) -> None:
    options = ["--output", "p.loud", "--aggregation", "a_fails"]
    assert ctc_here("--quiet", "predict", red_model, photo, *options) == 1
    assert capsys.readouterr() == (
        "",
        "writing\n" + blame("aggregation", "a_fails", f"failed: {KEY}"),
    )


def test_prints_of_two_guests_at_once_are_no_data(ctc_here, red_model, photo, capsys) -> None:
    options = ["--output", "p.loud", "--aggregation", "a_loud"]
    assert ctc_here("--quiet", "predict", red_model, photo, *options) == 0
    assert capsys.readouterr() == ("", "writing\ncombining\n")
    assert Path("p.loud").read_text() == "done"
    assert ctc_here("plugins", "--json") == 0
    assert json.loads(capsys.readouterr().out)["broken"] == []


def test_sigterm_while_a_guest_works_is_sigterm(ctc_here) -> None:
    from ctc.cli.exit_codes import Terminated
    from ctc.plugin import Aggregation

    guest = plugins().get(Aggregation, "a_fails").combine.guest
    with pytest.raises(Terminated), guest.at_work():
        raise Terminated(143)
