"""`check_engine` reports every violation of the contract.

`ray` has its own tests in tests/end_to_end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ctc.errors import CtcError
from ctc.plugin import Engine, Option
from ctc.plugin.manager import plugins
from ctc.testing import check_engine


def one_by_one(work, parts, options):
    do = work.open()
    return ((part, do(part)) for part in parts)


VALID = Engine("here", "one worker", lambda: None, one_by_one)


def test_check_engine_passes_built_in_local() -> None:
    check_engine(plugins().get(Engine, "local"))


def eager(work, parts, options):
    return one_by_one(work, iter(list(parts)), options)


def bare_results(work, parts, options):
    return map(work.open(), parts)


def opens_for_each_part(work, parts, options):
    return ((part, work.open()(part)) for part in parts)


def drops_last_part(work, parts, options):
    return iter(list(one_by_one(work, parts, options))[:-1])


def yields_parts_twice(work, parts, options):
    for entry in one_by_one(work, parts, options):
        yield entry
        yield entry


def swaps_results(work, parts, options):
    before = None
    for part, result in one_by_one(work, parts, options):
        yield part, before or result
        before = result


def ignores_errors(work, parts, options):
    do = work.open()
    for part in parts:
        try:
            yield part, do(part)
        except CtcError:
            continue


def hides_message(work, parts, options):
    try:
        yield from one_by_one(work, parts, options)
    except CtcError:
        raise CtcError("something failed") from None


def uses_undeclared_option(work, parts, options):
    return one_by_one(work, parts, options) if options["address"] else iter(())


@pytest.mark.parametrize(
    ("run_parts", "message"),
    [
        (eager, "2,000 of 2,000 parts were taken before the second result was requested"),
        (bare_results, "map() yielded (0, 'caf"),
        (opens_for_each_part, "the task was opened 40 times for 40 parts: open it once per worker"),
        (drops_last_part, "the returned parts: expected "),
        (yields_parts_twice, "the returned parts: expected "),
        (swaps_results, "the results of the parts, in their order: expected "),
        (ignores_errors, "continued after a part raised an error"),
        (
            hides_message,
            (
                "the message of an error that the task raised: expected 'gone.jpg' is not there, "
                "got "
                "something"
            ),
        ),
        (uses_undeclared_option, "asks for the option 'address', which the record doesn't declare"),
    ],
)
def test_check_engine_reports_fault(run_parts: Callable, message: str) -> None:
    with pytest.raises(AssertionError) as raised:
        check_engine(replace(VALID, map=run_parts))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"available": lambda: "no cluster"},
            "the engine 'here' can't be checked here: no cluster",
        ),
        ({"available": lambda: False}, r"available\(\) must return None or a reason, not False"),
        ({"cores": 0}, "a worker has 0 cores: it must be 1 or more"),
        ({"options": (Option("Address", "Where."),)}, "the option 'Address' is not in lower case"),
    ],
)
def test_check_engine_reports_invalid_record(changes: dict, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_engine(replace(VALID, **changes))
