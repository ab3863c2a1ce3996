"""The check of engines finds each way to break the contract, and says which. `ray` has its own
tests: tests/end_to_end."""

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


SOUND = Engine("here", "one worker", lambda: None, one_by_one)


def test_the_built_in_local_keeps_the_contract() -> None:
    check_engine(plugins().get(Engine, "local"))


def eager(work, parts, options):
    return one_by_one(work, iter(list(parts)), options)


def opens_for_each(work, parts, options):
    return ((part, work.open()(part)) for part in parts)


def loses_the_last(work, parts, options):
    return iter(list(one_by_one(work, parts, options))[:-1])


def twice(work, parts, options):
    for entry in one_by_one(work, parts, options):
        yield entry
        yield entry


def mixed_up(work, parts, options):
    before = None
    for part, result in one_by_one(work, parts, options):
        yield part, before or result
        before = result


def goes_on(work, parts, options):
    do = work.open()
    for part in parts:
        try:
            yield part, do(part)
        except CtcError:
            continue


def loses_the_reason(work, parts, options):
    try:
        yield from one_by_one(work, parts, options)
    except CtcError:
        raise CtcError("something failed") from None


def asks_for_more(work, parts, options):
    return one_by_one(work, parts, options) if options["address"] else iter(())


@pytest.mark.parametrize(
    ("do_parts", "message"),
    [
        (eager, "2,000 of 2,000 parts were taken before the second result was asked for"),
        (opens_for_each, "the work was opened 40 times for 40 parts: open it once in each worker"),
        (loses_the_last, "the parts that came back: expected "),
        (twice, "the parts that came back: expected "),
        (mixed_up, "the results of the parts, in their order: expected "),
        (goes_on, "went on when a part raised an error"),
        (
            loses_the_reason,
            "the message of an error that the work raised: expected 'gone.jpg' is not there, got something",
        ),
        (asks_for_more, "asks for the option 'address', which the record doesn't declare"),
    ],
)
def test_a_broken_engine_is_told_what_is_wrong(do_parts: Callable, message: str) -> None:
    with pytest.raises(AssertionError) as raised:
        check_engine(replace(SOUND, map=do_parts))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"available": lambda: "no cluster"},
            "the engine 'here' can't be checked here: no cluster",
        ),
        ({"available": lambda: False}, r"available\(\) is None or a reason, not False"),
        ({"cores": 0}, "a worker has 0 cores: it must be one or more"),
        ({"options": (Option("Address", "Where."),)}, "the option 'Address' is not in lower case"),
    ],
)
def test_the_other_fields_are_checked_as_well(changes: dict, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_engine(replace(SOUND, **changes))
