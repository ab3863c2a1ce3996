"""What an output format gets to know of photos, failures and the run, by every way of running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctc._version import __version__
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.images.listing.photo_table import TableColumns
from ctc.inference.config import PredictConfig, ShardSpec
from ctc.inference.events.sources import find_events
from ctc.inference.run.merge import MergeConfig, prepare_merge
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import Plugins

COLUMNS = TableColumns("event", ("photo",))


def silent(photos: int, failed: int) -> None:
    """Report nothing."""


@pytest.fixture
def table(draw, tmp_path: Path) -> Path:
    """Two events: of two photos whose rows differ, and of a broken photo beside a sound one."""
    for name in ("a.png", "b.png", "d.png"):
        draw(name)
    (tmp_path / "c.png").write_text("no photo")
    path = tmp_path / "photos.csv"
    path.write_text(
        "event,photo,site,note\n1,a.png,N,first\n1,b.png,N,second\n2,c.png,S,bad\n2,d.png,S,\n"
    )
    return path


@pytest.fixture
def seen() -> dict[str, Any]:
    """What the format gets, filled when it writes."""
    return {}


@pytest.fixture
def loaded(plugins_with: Callable[..., Plugins], seen: dict[str, Any]) -> Plugins:
    """All plugins, and a format that keeps what it gets."""

    def write(entries, path: Path, context: OutputContext) -> None:
        seen["entries"], seen["context"] = list(entries), context
        path.write_text("done")

    return plugins_with(OutputFormat("kept", "", (".kept",), write))


def run_whole(model: Path, table: Path, output: Path, loaded: Plugins) -> None:
    prepare_run(PredictConfig(model, (table,), output, COLUMNS), loaded).run(silent)


def run_in_shards(model: Path, table: Path, output: Path, loaded: Plugins) -> None:
    parts = []
    for number in (1, 2):
        shard = ShardSpec(number, 2)
        run = prepare_run(PredictConfig(model, (table,), output, COLUMNS, shard=shard), loaded)
        run.run(silent)
        parts.append(run.target)
    prepare_merge(MergeConfig(tuple(parts), output), loaded).run(silent)


def run_on_engine(model: Path, table: Path, output: Path, loaded: Plugins) -> None:
    config = PredictConfig(model, (table,), output, COLUMNS, engine="local")
    prepare_run(config, loaded).run(silent)


WAYS = [run_whole, run_in_shards, run_on_engine]


@pytest.mark.parametrize("way", WAYS)
def test_photos_have_their_rows_and_sizes(model, table, tmp_path, loaded, seen, way) -> None:
    way(model, table, tmp_path / "p.kept", loaded)
    first, second = (entry for entry in seen["entries"] if isinstance(entry, EventPrediction))
    assert first.meta == {"site": "N", "note": "first"}
    assert [photo.meta for photo in first.images] == [
        {"site": "N", "note": "first"},
        {"site": "N", "note": "second"},
    ]
    assert [photo.size for photo in first.images] == [(16, 24), (16, 24)]
    assert [photo.meta for photo in second.images] == [{"site": "S", "note": ""}]


@pytest.mark.parametrize("way", WAYS)
def test_failure_has_event_and_row(model, table, tmp_path, loaded, seen, way) -> None:
    way(model, table, tmp_path / "p.kept", loaded)
    (failure,) = (entry for entry in seen["entries"] if isinstance(entry, Failure))
    assert (failure.event_id, failure.meta) == ("2", {"site": "S", "note": "bad"})


@pytest.mark.parametrize("way", WAYS)
def test_context_says_what_the_run_was_made_with(
    build_model, table, tmp_path, loaded, seen, way
) -> None:
    model = build_model(provenance={"backbone": "small_cnn"})
    way(model, table, tmp_path / "p.kept", loaded)
    context = seen["context"]
    assert (context.aggregation, context.version) == ("mean", __version__)
    assert (context.provenance, context.input_size) == ({"backbone": "small_cnn"}, (8, 12))


def test_photos_of_an_inventory_have_boxes_and_values_per_photo(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    from ctc.artifacts.boxes import BOX_CONFIDENCE, Box, columns_from_boxes
    from ctc.artifacts.inventory import Inventory

    boxes = (Box(0.125, 0.25, 0.5, 0.5, confidence=0.75), None)
    columns = {name: [list(values)] for name, values in columns_from_boxes(boxes).items()}
    assert BOX_CONFIDENCE in columns
    rows = {"event_id": ["1"], "images": [["a.jpg", "b.jpg"]], "species": ["fox"], "site": ["N"]}
    table = pa.table({**rows, "note": [["dark", None]], **columns})
    Inventory(table, ("species",), tmp_path).write(tmp_path / "i.parquet")
    (event,) = find_events([tmp_path / "i.parquet"])
    assert event.boxes == boxes
    assert event.metas == ({"site": "N", "note": "dark"}, {"site": "N", "note": None})
