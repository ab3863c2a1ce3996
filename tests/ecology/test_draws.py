"""Draws of the classifier's answers: their expectation, and what is drawn together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from ctc.ecology.draws import draw_count, draws, make_drawer
from ctc.ecology.survey import Events

CLASSES = ("fox", "empty", "deer")


def events(values, minutes, multi_label=False) -> Events:
    """Events of one station with these probabilities, by event."""
    n = len(minutes)
    none = np.zeros(n, np.int64)
    time = np.datetime64("2024-04-01T00:00:00") + np.array(minutes, "timedelta64[m]")
    columns = np.array(values, np.float32).T
    ids = pa.array([str(number) for number in range(n)])
    return Events(ids, none, none, time.astype("datetime64[s]"), ("a",), ("a",), none[:1], None,
                  CLASSES, columns, multi_label)  # fmt: skip


def drawn(of: Events, count: int = 2_000) -> np.ndarray:
    """Return which classes each draw gave each event, (draws, events, classes)."""
    seconds = of.time.astype(np.int64)
    drawer = make_drawer(of, np.arange(len(of)), of.station, seconds, 1_800)
    found = np.zeros((count, len(of), len(CLASSES)), bool)
    for number, (event, classes) in enumerate(draws(drawer, count, seed=1)):
        found[number, event, classes] = True
    return found


def test_draws_have_the_probabilities_of_events_far_apart() -> None:
    values = [(0.7, 0.2, 0.1), (0.1, 0.3, 0.6)]
    found = drawn(events(values, [0, 300])).mean(axis=0)
    assert found[:, 0].tolist() == pytest.approx([0.7, 0.1], abs=0.04)
    assert found[:, 2].tolist() == pytest.approx([0.1, 0.6], abs=0.04)


def test_draws_never_give_an_event_two_species() -> None:
    found = drawn(events([(0.5, 0, 0.5), (0.4, 0.2, 0.4)], [0, 5]))
    assert found.sum(axis=2).max() == 1


def test_draws_give_events_of_one_visit_one_species() -> None:
    found = drawn(events([(0.6, 0, 0.4), (0.4, 0, 0.6)], [0, 5]))
    assert (found[:, 0] == found[:, 1]).all()


def test_draws_of_a_visit_expect_the_sum_of_its_probabilities() -> None:
    found = drawn(events([(0.6, 0.2, 0.2), (0.2, 0.6, 0.2)], [0, 5])).sum(axis=1).mean(axis=0)
    assert found[[0, 2]].tolist() == pytest.approx([0.8, 0.4], abs=0.05)


def test_draws_tell_two_sure_species_of_one_visit_apart() -> None:
    found = drawn(events([(1, 0, 0), (0, 0, 1), (1, 0, 0)], [0, 5, 10])).mean(axis=0)
    assert found[:, 0].tolist() == [1, 0, 1]


def test_draws_of_several_classes_have_the_probability_of_each() -> None:
    found = drawn(events([(0.9, 0.05, 0.8)], [0], multi_label=True)).mean(axis=0)
    assert found[0, [0, 2]].tolist() == pytest.approx([0.9, 0.8], abs=0.04)


def test_draws_are_the_same_again() -> None:
    of = events([(0.5, 0.1, 0.4)] * 3, [0, 100, 200])
    np.testing.assert_array_equal(drawn(of, 20), drawn(of, 20))


def test_make_drawer_without_probabilities() -> None:
    of = events([(1, 0, 0)], [0])
    bare = Events(*(getattr(of, name) for name in ("ids", "station", "camera", "time")),
                  ("a",), ("a",), of.station_of)  # fmt: skip
    assert make_drawer(bare, np.arange(1), of.station, of.time.astype(np.int64), 1_800) is None


@pytest.mark.parametrize(("size", "count"), [(1_000, 200), (1_000_000, 60), (10_000_000, 20)])
def test_draw_count_falls_with_the_number_of_events(size, count) -> None:
    assert draw_count(size) == count
