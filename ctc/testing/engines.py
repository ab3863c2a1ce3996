"""Contract check of engines: `check_engine`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ctc.errors import CtcError, UsageError
from ctc.plugin.records import Engine
from ctc.testing.expect import check_record, expect, expect_clean_run, expect_equal
from ctc.testing.options import OptionValues, check_options, resolve_options

MANY_PARTS = 2_000
REFUSED_PATH = "gone.jpg"


@dataclass(frozen=True)
class SquareTask:
    """Task of the check: each part (number, path) gives (number², path, id of the opened task)."""

    cores: int = 1

    def open(self) -> Callable[[Any], Any]:
        opening = os.urandom(8).hex()

        def do(part: tuple[int, str]) -> tuple[int, str, str]:
            number, path = part
            if path == REFUSED_PATH:
                raise UsageError(f"'{path}' is not there")
            return number * number, path, opening

        return do


def check_engine(engine: Engine, options: Mapping[str, Any] | None = None) -> None:
    """Raise AssertionError if `engine` breaks the contract of `ctc.plugin.Engine`, or can't run.

    `options`: values, by key, for options that should not have their default. Takes four times as
    long as the workers need to start. The death of a worker is left to the author's own tests.
    """
    check_record(engine, Engine)
    check_options(engine)
    obstacle = engine.available()
    expect(
        obstacle is None or isinstance(obstacle, str),
        f"available() must return None or a reason, not {obstacle!r}",
    )
    expect(obstacle is None, f"the engine '{engine.name}' can't be checked here: {obstacle}")
    expect(
        engine.cores is None or engine.cores > 0,
        f"a worker has {engine.cores} cores: it must be 1 or more",
    )
    values = resolve_options(engine.options, options)
    expect_equal(_run_map(engine, [], values), [], "the results of no part")
    _check_results(engine, values)
    _check_laziness(engine, values)
    _check_refusal(engine, values)


def _check_results(engine: Engine, values: OptionValues) -> None:
    """Check that every part is run once with its own result, and tasks are not opened per part."""
    parts = [(number, f"caf\udce9 {number}.jpg") for number in range(40)]
    results = _run_map(engine, parts, values)
    expect_equal(sorted(part for part, _ in results), parts, "the returned parts")
    expected = [(number * number, path) for number, path in parts]
    expect_equal(
        [result[:2] for _, result in sorted(results)],
        expected,
        "the results of the parts, in their order",
    )
    openings = {result[2] for _, result in results}
    expect(
        len(openings) <= len(parts) // 2,
        f"the task was opened {len(openings)} times for {len(parts)} parts: "
        "open it once per worker",
    )


def _check_laziness(engine: Engine, values: OptionValues) -> None:
    """Check that parts are taken only when needed, and no more after the map is closed."""
    taken = 0

    def watched() -> Iterator[tuple[int, str]]:
        nonlocal taken
        for number in range(MANY_PARTS):
            taken += 1
            yield number, ""

    with values.expect_declared("map()"), expect_clean_run("map() that is closed early"):
        results = engine.map(SquareTask(), watched(), values)
        with closing(results):  # type: ignore[type-var]  # a generator
            list(islice(results, 1))
    expect(
        taken <= MANY_PARTS // 2,
        f"{taken:,} of {MANY_PARTS:,} parts were taken before the second result was requested",
    )


def _check_refusal(engine: Engine, values: OptionValues) -> None:
    parts = [(0, "a.jpg"), (1, REFUSED_PATH), (2, "b.jpg")]
    try:
        with expect_clean_run("map() of a part that can't be done", CtcError):
            list(engine.map(SquareTask(), iter(parts), values))
    except CtcError as error:
        expect_equal(
            str(error),
            f"'{REFUSED_PATH}' is not there",
            "the message of an error that the task raised",
        )
        return
    raise AssertionError(
        "map() continued after a part raised an error: pass it on, or an incomplete result looks "
        "complete"
    )


def _run_map(engine: Engine, parts: list[tuple[int, str]], values: OptionValues) -> list[Any]:
    with values.expect_declared("map()"), expect_clean_run(f"map() of {len(parts)} parts"):
        results = list(engine.map(SquareTask(), iter(parts), values))
    for result in results:
        is_pair = isinstance(result, tuple) and len(result) == 2
        expect(is_pair, f"map() yielded {result!r}, not (part, result)")
    return results
