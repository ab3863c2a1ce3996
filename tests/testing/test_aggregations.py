"""`check_aggregation` reports every violation of the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from ctc.plugin import Aggregation, AggregationContext, Option
from ctc.plugin.manager import plugins
from ctc.testing import check_aggregation

SOUND = Aggregation(
    "middle", "the middle of the photos' probabilities", lambda p: np.median(p, axis=0)
)


@pytest.mark.parametrize("name", plugins().all(Aggregation))
def test_check_aggregation_passes_built_ins(name: str) -> None:
    check_aggregation(plugins().get(Aggregation, name))


def changes_its_input(p: np.ndarray) -> np.ndarray:
    p /= 2
    return p.mean(axis=0)


def prints(p: np.ndarray) -> np.ndarray:
    print("combining")
    return p.mean(axis=0)


def product(p: np.ndarray) -> np.ndarray:
    product = p.prod(axis=0)
    return product / product.sum()


_calls = count()


def another_time(p: np.ndarray) -> np.ndarray:
    return p[next(_calls) % len(p)]


@pytest.mark.parametrize(
    ("combine", "message"),
    [
        (
            lambda p: p.mean(axis=1),
            r"shape of the result for one photo: expected .*\(3,\)\), got .*\(1,\)\)",
        ),
        (lambda p: p.mean(axis=0, keepdims=True), r"expected .*\(3,\)\), got .*\(1, 3\)\)"),
        (lambda p: p.mean(axis=0, dtype=np.float64), "expected .*'float32'.*, got .*'float64'"),
        (lambda p: p.mean(axis=0).tolist(), "expected .*'ndarray'.*, got .*'list'"),
        (
            product,
            r"each sure of another class gave \[nan, nan, nan\], which are not all finite",
        ),
        (lambda p: p.sum(axis=0), "not probabilities from 0 to 1"),
        (
            lambda p: p.std(axis=0) + p[0] * 0,
            "one photo: every photo says class 2, the event says class 0",
        ),
        (changes_its_input, r"combine\(\) of one photo changed its input array"),
        (lambda p: np.sort(p, axis=0)[1], r"combine\(\) of one photo failed: IndexError: "),
        (
            lambda p: p[0],
            r"the order of the photos matters: .* \(if this is intended, pass ordered=True\)",
        ),
        (
            lambda p: np.sort(p.mean(axis=0)),
            "second class: every photo says class 1, the event says class 2",
        ),
        (
            lambda p: np.where(np.arange(p.shape[1]) == 0, p[:, :1].max(), p.mean(axis=0)),
            "order of the classes matters",
        ),
        (another_time, "the same photos gave different values the second time"),
        (prints, r"combine\(\) of one photo printed 'combining\\n' on stdout"),
    ],
)
def test_check_aggregation_reports_fault(
    combine: Callable[[np.ndarray], np.ndarray], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_aggregation(replace(SOUND, combine=combine))


def test_check_aggregation_reports_wrong_by_class() -> None:
    vote = plugins().get(Aggregation, "vote")
    with pytest.raises(AssertionError, match="by_class says that classes are independent, but"):
        check_aggregation(replace(vote, by_class=True))


SHARE = Option("share", "Share of the highest value.", "number", default=0.5, maximum=1)


def blended(key: str) -> Aggregation:
    """An aggregation with a context, which asks for the option `key`."""

    def combine(p: np.ndarray, context: AggregationContext) -> np.ndarray:
        assert (len(context.photos), len(context.classes)) == p.shape
        share = np.float32(context.options[key])
        return share * p.max(axis=0) + (1 - share) * p.mean(axis=0)

    return Aggregation("blend", "between mean and max", combine, True, options=(SHARE,))


@pytest.mark.parametrize("options", [None, {"share": 1.0}])
def test_check_aggregation_passes_options_and_context(options) -> None:
    check_aggregation(blended("share"), options)


@pytest.mark.parametrize(
    ("record", "options", "message"),
    [
        (blended("part"), None, "asks for the option 'part', which the record doesn't declare"),
        (blended("share"), {"share": 2.0}, "the option 'share' is 2.0, which is more than 1"),
        (
            replace(SOUND, options=(SHARE,)),
            None,
            r"it has options, but combine\(\) doesn't get them",
        ),
        (
            replace(blended("share"), options=(replace(SHARE, name="threads"),)),
            None,
            "'--threads' is an option of `ctc predict` itself",
        ),
        (
            replace(blended("share"), options=(replace(SHARE, default=3.0),)),
            None,
            "the option 'share' has the default 3.0, which is more than 1",
        ),
    ],
)
def test_check_aggregation_reports_wrong_options(record, options, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_aggregation(record, options)


def test_check_aggregation_ordered_allows_dependence_on_order() -> None:
    check_aggregation(Aggregation("first", "the first photo", lambda p: p[0]), ordered=True)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (replace(SOUND, name="my mean"), "the name 'my mean' is not one word"),
        (replace(SOUND, summary="The middle."), "the summary 'The middle.' is not one line"),
        (replace(SOUND, summary=""), "the summary '' is not one line"),
        (changes_its_input, "the record is a function, not of the type Aggregation"),
    ],
)
def test_check_aggregation_reports_invalid_record(record: Aggregation, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_aggregation(record)
