from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from ctc.cli.main import run
from ctc.errors import UsageError
from ctc.inference.events.sources import find_events
from ctc.inference.events.table import Columns
from ctc.inference.run.job import PredictConfig, prepare_job
from ctc.inference.run.output_checks import common_image_root
from ctc.plugin import Option, OutputContext, OutputFormat
from ctc.plugin.manager import LoadedRecord, Owner, Plugins, plugins
from ctc.plugin.option_values import option_values


def nothing(entries, path: Path, context: OutputContext) -> None:
    """A format that writes nothing."""


BOXES = OutputFormat(
    "boxes",
    "",
    (),
    nothing,
    (Option("size", "", "integer", required=True), Option("tag", "", multiple=True)),
)


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def with_guest(*guests: OutputFormat) -> Plugins:
    kind = next(found.kind for found in plugins().loaded if isinstance(found.record, OutputFormat))
    return Plugins(
        [
            *plugins().loaded,
            *(LoadedRecord(kind, guest, Owner(guest.name, "guest", "1")) for guest in guests),
        ]
    )


def test_an_option_of_the_format_is_an_option_of_the_command(model, draw, tmp_path) -> None:
    draw("photos/red.png")
    assert predict(model, tmp_path / "photos", "--output", tmp_path / "p.csv", "--per-photo") == 0
    with (tmp_path / "p.csv").open(newline="") as file:
        assert [row["path"] for row in csv.DictReader(file)] == [
            str(tmp_path / "photos" / "red.png")
        ] * 2


def test_an_option_of_another_format_is_refused(model, draw, tmp_path, capsys) -> None:
    output = tmp_path / "p.json"
    assert predict(model, draw("red.png"), "--output", output, "--excel") == 2
    assert (
        capsys.readouterr().err
        == "error: output format 'json' has no option --excel: it has none\n"
    )
    assert not output.exists()


@pytest.mark.parametrize(
    ("name", "options", "inside"),
    [
        ("p.parquet", ["--per-photo"], None),
        ("p.megadetector.json", ["--label", "count"], None),
        ("p.camtrap-dp.zip", ["--time-zone", "+01:00"], None),
        (
            "p.camtrap-dp",
            [],
            ["README.md", "datapackage.json", "deployments.csv", "media.csv", "observations.csv"],
        ),
        ("sorted", ["--format", "folders", "--copy"], ["_failed.csv", "fox"]),
    ],
)
def test_every_kind_of_output_comes_from_the_command_line(
    model, draw, tmp_path, name, options, inside
) -> None:
    draw("photos/red.png")
    output = tmp_path / "out" / name
    assert predict(model, tmp_path / "photos", "--output", output, *options) == 0
    assert [path.name for path in output.parent.iterdir()] == [name]
    assert (sorted(path.name for path in output.iterdir()) if output.is_dir() else None) == inside


def test_a_package_that_is_not_complete_is_a_warning(model, draw, tmp_path, capsys) -> None:
    predict(model, draw("photos/red.png"), "--output", tmp_path / "p.camtrap-dp")
    warnings = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")
    ]
    assert len(warnings) == 2
    assert "the Camtrap DP package is incomplete, see its README.md" in warnings[0]


def test_the_help_says_which_formats_have_an_option(capsys) -> None:
    assert predict("--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "--per-photo csv, parquet: One row per photo" in shown
    assert shown.endswith("Example: ctc predict model.onnx new_photos --output predictions.csv")


def test_what_is_not_given_has_its_default() -> None:
    assert option_values(BOXES, {"size": 3}) == {"size": 3, "tag": ()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"zise": 3}, "output format 'boxes' has no option --zise: it has --size, --tag"),
        ({"tag": ("a",)}, "output format 'boxes' needs --size"),
    ],
)
def test_options_that_the_format_lacks_or_needs_are_named(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        option_values(BOXES, given)


def test_a_format_is_told_what_holds_for_the_whole_run(model, draw, tmp_path) -> None:
    photo = draw("photos/red.png")
    told = []

    def tell(entries, path: Path, context: OutputContext) -> None:
        list(entries)
        path.touch()
        told.append(context)

    guest = OutputFormat("guest", "", (".guest",), tell)
    job = prepare_job(PredictConfig(model, (photo,), tmp_path / "p.guest"), with_guest(guest))
    job.run(lambda done, failed: None)
    assert told == [job.context]
    assert (told[0].model, told[0].image_root, told[0].options) == ("model.onnx", photo.parent, {})
    assert told[0].labels == {"species": ("fox", "wolf"), "count": ("1", "2+")}
    assert str(told[0].created.tzinfo) == "UTC"


def test_relative_paths_start_in_the_folder_that_holds_every_source(
    draw, tmp_path, monkeypatch
) -> None:
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
    columns = Columns("id", ("image",))
    assert root("tables/e.csv", columns=columns) == tmp_path / "tables"
    assert root("tables/e.csv", columns=columns, image_root=Path("a")) == tmp_path / "a"


def make_folder(entries, path: Path, context: OutputContext) -> None:
    path.mkdir()
    (path / "seen").write_text(str(len(list(entries))))


@pytest.fixture
def folder_format() -> Plugins:
    return with_guest(OutputFormat("folder", "", (".folder",), make_folder, folder=True))


def test_a_format_may_make_a_folder(model, draw, tmp_path, folder_format) -> None:
    output = tmp_path / "p.folder"
    prepare_job(PredictConfig(model, (draw("red.png"),), output), folder_format).run(
        lambda done, failed: None
    )
    assert (output / "seen").read_text() == "1"


def test_a_folder_is_never_replaced(model, draw, tmp_path, folder_format) -> None:
    (tmp_path / "p.folder").mkdir()
    with pytest.raises(
        UsageError, match="exists already: choose another --output, or remove it yourself"
    ):
        prepare_job(
            PredictConfig(model, (draw("red.png"),), tmp_path / "p.folder", overwrite=True),
            folder_format,
        )


def test_no_folder_is_made_inside_an_input_folder(model, draw, tmp_path, folder_format) -> None:
    photos = draw("photos/red.png").parent
    with pytest.raises(UsageError, match=r"is inside the input folder '.*photos'"):
        prepare_job(PredictConfig(model, (photos,), photos / "sorted" / "p.folder"), folder_format)
