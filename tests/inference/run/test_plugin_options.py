"""Options of aggregations in `ctc predict`, and options of plugins that are not used."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from ctc.cli.main import run
from ctc.plugin.manager import plugins

BLEND = """
import numpy as np
from ctc.plugin import Aggregation, Option, hookimpl

SHARE = Option("share", "Share of the highest value.", "number", default=0.0, minimum=0, maximum=1)


@hookimpl
def ctc_aggregations():
    return [Aggregation("blend", "between mean and max", combine, by_class=True, options=(SHARE,))]


def combine(probabilities, context):
    assert len(context.photos) == len(probabilities)
    assert len(context.classes) == probabilities.shape[1]
    assert context.label in context.photos[0].probabilities
    share = context.options["share"]
    return share * probabilities.max(axis=0) + (1 - share) * probabilities.mean(axis=0)
"""


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def probabilities(path: Path) -> list[dict[str, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [json.loads(row["predictions_all"]) for row in csv.DictReader(file)]


@pytest.fixture
def event(draw, tmp_path: Path) -> Path:
    """A table with one event of two photos."""
    draw("a.png", (255, 0, 0)), draw("b.png", (0, 0, 255))
    table = tmp_path / "photos.csv"
    table.write_text("event,photo\n1,a.png\n1,b.png\n")
    return table


@pytest.fixture
def blend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A third-party aggregation with an option and a context."""
    site = tmp_path / "site"
    info = site / "blend-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: blend\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[ctc]\nblend = blend_plugin\n")
    (site / "blend_plugin.py").write_text(BLEND)
    monkeypatch.syspath_prepend(site)
    plugins.cache_clear()
    yield
    plugins.cache_clear()
    sys.modules.pop("blend_plugin", None)


def run_blend(model: Path, event: Path, output: Path, *arguments: str) -> list[dict[str, float]]:
    given = ("--event-id", "event", "--image", "photo", "--aggregation", "blend", *arguments)
    assert predict(model, event, "--output", output, *given) == 0
    return probabilities(output)


@pytest.mark.parametrize(("share", "like"), [("0", "mean"), ("1", "max")])
def test_aggregation_gets_its_option_and_context(
    model, event, blend, tmp_path, share: str, like: str
) -> None:
    found = run_blend(model, event, tmp_path / "p.csv", "--share", share)
    columns = ("--event-id", "event", "--image", "photo")
    assert (
        predict(model, event, "--output", tmp_path / "q.csv", *columns, "--aggregation", like) == 0
    )
    assert found == probabilities(tmp_path / "q.csv")


def test_aggregation_has_the_default_of_its_option(model, event, blend, tmp_path) -> None:
    default = run_blend(model, event, tmp_path / "p.csv")
    assert default == run_blend(model, event, tmp_path / "q.csv", "--share", "0")
    assert default != run_blend(model, event, tmp_path / "r.csv", "--share", "0.5")


def test_aggregation_gets_its_option_from_the_environment(
    model, event, blend, tmp_path, monkeypatch
) -> None:
    expected = run_blend(model, event, tmp_path / "p.csv", "--share", "0.5")
    monkeypatch.setenv("CTC_PREDICT_SHARE", "0.5")
    assert run_blend(model, event, tmp_path / "q.csv") == expected


def test_aggregation_gets_its_option_in_the_workers_of_an_engine(
    model, event, blend, tmp_path
) -> None:
    expected = run_blend(model, event, tmp_path / "p.csv", "--share", "0.5")
    found = run_blend(model, event, tmp_path / "q.csv", "--share", "0.5", "--engine", "local")
    assert found == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--aggregation", "mean", "--share", "0.5"),
            "error: aggregation 'mean' has no option --share: it has none",
        ),
        (("--aggregation", "blend", "--share", "2"), "2.0 is not in the range 0<=x<=1:"),
    ],
)
def test_aggregation_option_that_does_not_fit_is_a_usage_error(
    model, event, blend, tmp_path, capsys, arguments, message: str
) -> None:
    columns = ("--event-id", "event", "--image", "photo")
    assert predict(model, event, "--output", tmp_path / "p.csv", *columns, *arguments) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_resume_refuses_another_value_of_an_aggregation_option() -> None:
    from ctc.inference.config import PredictConfig

    one, other, none = (
        PredictConfig(Path("m"), (), Path("o"), aggregation_options=options).identity("m", "p")
        for options in ({"share": 0.5}, {"share": 1.0}, {})
    )
    assert (one["--share"], other["--share"], "--share" in none) == ("0.5", "1.0", False)


def test_setting_for_another_format_is_ignored(model, draw, tmp_path, monkeypatch) -> None:
    photo = draw("a.png")
    monkeypatch.setenv("CTC_PREDICT_LABEL", "count")
    assert predict(model, photo, "--output", tmp_path / "p.csv") == 0
    assert predict(model, photo, "--output", tmp_path / "q.csv", "--shard", "1/1") == 0


def test_setting_for_an_engine_is_ignored_without_engine(model, draw, tmp_path) -> None:
    settings = tmp_path / "lab.toml"
    settings.write_text('[predict]\nray-workers = 2\nlabel = "count"\n')
    given = ("--output", tmp_path / "p.csv", "--config", settings)
    assert predict(model, draw("a.png"), *given) == 0


def test_option_of_another_format_on_the_command_line_is_a_usage_error(
    model, draw, tmp_path, capsys
) -> None:
    given = ("--output", tmp_path / "p.csv", "--copy")
    assert predict(model, draw("a.png"), *given) == 2
    assert "output format 'csv' has no option --copy" in capsys.readouterr().err
