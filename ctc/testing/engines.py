"""What every engine keeps to, as one check: `check_engine`."""

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
    """Work for the check: each part, (number, path), becomes the number's square, the path, and
    which opening of the work did it."""

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
    """Raise AssertionError when `engine` breaks the contract of `ctc.plugin.Engine`, or can't run
    here.

    `options`: values, by key, of those of its options that shall not have their default. Takes as
    long as its workers take to start, four times. That a worker dies it leaves to the author's own
    tests."""
    check_record(engine, Engine)
    check_options(engine.options)
    reason = engine.available()
    expect(
        reason is None or isinstance(reason, str),
        f"available() is None or a reason, not {reason!r}",
    )
    expect(reason is None, f"the engine '{engine.name}' can't be checked here: {reason}")
    expect(
        engine.cores is None or engine.cores > 0,
        f"a worker has {engine.cores} cores: it must be one or more",
    )
    values = resolve_options(engine.options, options)
    expect_equal(_run_map(engine, [], values), [], "the results of no part")
    _check_results(engine, values)
    _check_laziness(engine, values)
    _check_refusal(engine, values)


def _check_results(engine: Engine, values: OptionValues) -> None:
    """Every part once, with its own result; the work is not opened for each."""
    parts = [(number, f"caf\udce9 {number}.jpg") for number in range(40)]
    came = _run_map(engine, parts, values)
    expect_equal(sorted(part for part, _ in came), parts, "the parts that came back")
    expected = [(number * number, path) for number, path in parts]
    expect_equal(
        [result[:2] for _, result in sorted(came)],
        expected,
        "the results of the parts, in their order",
    )
    openings = {result[2] for _, result in came}
    told = f"the work was opened {len(openings)} times for {len(parts)} parts: open it once in each worker"
    expect(len(openings) <= len(parts) // 2, told)


def _check_laziness(engine: Engine, values: OptionValues) -> None:
    """Parts are taken as they are needed, and no more once the results are not wanted."""
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
        f"{taken:,} of {MANY_PARTS:,} parts were taken before the second result was asked for",
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
            "the message of an error that the work raised",
        )
        return
    raise AssertionError(
        "map() went on when a part raised an error: it must pass, or half of the work looks whole"
    )


def _run_map(engine: Engine, parts: list[tuple[int, str]], values: OptionValues) -> list[Any]:
    with values.expect_declared("map()"), expect_clean_run(f"map() of {len(parts)} parts"):
        return list(engine.map(SquareTask(), iter(parts), values))
