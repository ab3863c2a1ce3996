"""A store with four events: two reviewers agree on a, differ on b, one is not sure of c."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from review_events import FOX, LABELS, UNSURE, WOLF, Clock, keys_of, make_event

from ctc.artifacts.review.about import StoreAbout
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import ReviewLabel
from ctc.artifacts.review.store import ReviewStore
from ctc.plugin.manager import plugins
from ctc.review.export.run import ExportConfig, ExportResult, export_review

Export = Callable[..., tuple[Path, ExportResult]]
SPECIES = (
    ReviewLabel("species", ("fox", "wolf", "empty", "lynx"), ("fox", "wolf", "empty")),
    *LABELS[1:],
)


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[ReviewStore]:
    with ReviewStore.open(tmp_path / "review.sqlite", make=True, clock=Clock()) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path, empty_store: ReviewStore) -> ReviewStore:
    about = StoreAbout(predictions="runs/deer.csv", photo_root=str(tmp_path / "photos"))
    events = [make_event(name) for name in "abcd"]
    empty_store.replace_events(events, SPECIES, about)
    ann, bob = empty_store.ensure_reviewer("Ann"), empty_store.ensure_reviewer("Bob")
    keys = keys_of(empty_store)
    empty_store.answer(ann, [keys["a"]], Answer({"species": ("wolf",), "count": ("2",)}))
    empty_store.answer(bob, [keys["a"]], WOLF)
    empty_store.answer(ann, [keys["b"]], FOX)
    empty_store.answer(bob, [keys["b"]], WOLF)
    empty_store.answer(ann, [keys["c"]], UNSURE)
    return empty_store


@pytest.fixture
def export(tmp_path: Path, store: ReviewStore) -> Export:
    """A function that exports `store` under a name, and returns the path and what was written."""

    def run(name: str, **options: object) -> tuple[Path, ExportResult]:
        config = ExportConfig(store.path, tmp_path / name, **options)
        return config.output, export_review(config, store, plugins(), lambda: None)

    return run
