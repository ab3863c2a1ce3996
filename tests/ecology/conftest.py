"""The study of three stations as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import study_world
from hypothesis import settings

settings.register_profile("long", max_examples=10_000, deadline=None)


@pytest.fixture
def write_predictions(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes events as `ctc predict` does."""

    def write(
        events: Sequence[study_world.Event] = study_world.EVENTS, name: str = "predictions.csv"
    ) -> Path:
        return study_world.write_predictions(tmp_path / name, events)

    return write


@pytest.fixture
def deployments(tmp_path: Path) -> Path:
    """The table of deployments of the three stations."""
    path = tmp_path / "deployments.csv"
    path.write_text(study_world.DEPLOYMENTS, encoding="utf-8")
    return path
