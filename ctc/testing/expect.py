"""How a check says what it found: an AssertionError of one plain sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

from ctc.plugin.entry_points import reason
from ctc.plugin.heavy_imports import HEAVY
from ctc.plugin.third_party import of_guest


@contextmanager
def heavy_imports_blocked() -> Iterator[None]:
    """Within the block, to import one of them raises ModuleNotFoundError, "import of pandas halted"."""
    modules: dict[str, Any] = sys.modules
    before = {name: modules[name] for name in HEAVY if name in modules}
    modules.update(dict.fromkeys(HEAVY))
    try:
        yield
    finally:
        for name in HEAVY:
            modules.pop(name, None)
        modules.update(before)


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def expect_equal(came: Any, expected: Any, what: str) -> None:
    expect(came == expected, f"{what}: expected {expected}, got {came}")


@contextmanager
def at_work(what: str, *allowed: type[BaseException]) -> Iterator[None]:
    """Within the block the plugin's code runs, and nothing else: it raises nothing but the `allowed`, and prints nothing on stdout."""
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            yield
    except allowed:
        raise
    except BaseException as error:
        if not of_guest(error):
            raise
        raise AssertionError(f"{what} failed: {reason(error)}") from error
    finally:
        text = printed.getvalue()
    first = "".join(text.splitlines(keepends=True)[:1])
    expect(not text, f"{what} printed {first!r} on stdout, which is for data: use logging or warnings")


def check_record(record: Any, kind: type[Any]) -> None:
    """A frozen record of that kind, with a name of one word and a summary of one line."""
    expect(isinstance(record, kind), f"the record is a {type(record).__name__}, not of the type {kind.__name__}")
    name, summary = record.name, record.summary
    expect(isinstance(name, str) and name.split() == [name], f"the name {name!r} is not one word")
    one_line = isinstance(summary, str) and len(summary.splitlines()) == 1 and not summary.endswith(".")
    expect(one_line, f"the summary {summary!r} is not one line of text without a full stop")
