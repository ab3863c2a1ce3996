"""Studies of reviews, small and seeded; whole: benchmarks/promises_audit.py, review_rounds.py."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def load_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def audit() -> Iterator[ModuleType]:
    yield load_module("promises_audit")
    del sys.modules["promises_audit"]


@pytest.fixture(scope="module")
def rounds() -> Iterator[ModuleType]:
    yield load_module("review_rounds")
    del sys.modules["review_rounds"]


def test_worlds_fall_just_short(audit: ModuleType) -> None:
    levels, right = audit._season(audit.World("", 2_000, by_threshold=True))

    shares = [right[levels >= level].mean() for level in range(10)]

    assert [share < 0.95 for share in shares] == [True] * 10
    assert min(shares) > 0.94


@pytest.mark.parametrize("changes", [{}, {"by_threshold": True}, {"kept": 500, "lost": 0.05}])
def test_audit_hardly_ever_shows_what_does_not_hold(audit: ModuleType, changes: dict) -> None:
    world, rng = audit.World("", 500, **changes), np.random.default_rng(3)

    claims = [audit.simulate(world, rng)[0] for _ in range(60)]

    missed = sum(one.state == "shown" or one.threshold is not None for one in claims)
    assert missed <= 6


def test_a_test_for_one_look_shows_more(audit: ModuleType) -> None:
    world, rng = audit.World("", 5_000), np.random.default_rng(3)

    passed = [audit.naive(world, audit.simulate(world, rng)[1]) for _ in range(60)]

    assert sum(passed) > 6


def test_annotator_labels_a_third(rounds: ModuleType) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300).astype(np.int32)
    features = (rng.normal(size=(300, 8)) + 3 * np.eye(3, 8)[truth]).astype(np.float32)
    world = rounds.World(features, truth, np.arange(300) // 10, ("boar", "deer", "fox"))
    pool, test = rounds.divide(world, 0)

    accuracies = rounds.annotate(pool, test, rounds.pick_worth, 0)

    assert (len(pool.truth), len(test.truth)) == (200, 100)
    assert not set(pool.place) & set(test.place)
    assert len(accuracies) == 5
    assert accuracies[-1] > 0.9
