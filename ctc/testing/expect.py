"""Assertions of the contract checks: each failure is an AssertionError of one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

from ctc.plugin.entry_points import describe_error
from ctc.plugin.heavy_imports import HEAVY_PACKAGES
from ctc.plugin.third_party import raised_by_plugin


@contextmanager
def block_heavy_imports() -> Iterator[None]:
    """Make imports of heavy packages inside the block raise ModuleNotFoundError.

    The message is "import of pandas halted".
    """
    modules: dict[str, Any] = sys.modules
    before = {name: modules[name] for name in HEAVY_PACKAGES if name in modules}
    modules.update(dict.fromkeys(HEAVY_PACKAGES))
    try:
        yield
    finally:
        for name in HEAVY_PACKAGES:
            modules.pop(name, None)
        modules.update(before)


def expect(condition: bool, message: str) -> None:
    """Raise AssertionError with the message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def expect_equal(actual: Any, expected: Any, description: str) -> None:
    """Raise AssertionError with both values unless they are equal."""
    expect(actual == expected, f"{description}: expected {expected}, got {actual}")


@contextmanager
def expect_clean_run(description: str, *allowed: type[BaseException]) -> Iterator[None]:
    """Check that the plugin's code inside the block raises only `allowed` and prints nothing."""
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            yield
    except allowed:
        raise
    except BaseException as error:
        if not raised_by_plugin(error):
            raise
        raise AssertionError(f"{description} failed: {describe_error(error)}") from error
    finally:
        text = printed.getvalue()
    first = "".join(text.splitlines(keepends=True)[:1])
    expect(
        not text,
        f"{description} printed {first!r} on stdout, which is for data: use logging or warnings",
    )


def check_record(record: Any, record_type: type[Any]) -> None:
    """Check the type of a record, its name (one word) and its summary (one line)."""
    expect(
        isinstance(record, record_type),
        f"the record is a {type(record).__name__}, not of the type {record_type.__name__}",
    )
    name, summary = record.name, record.summary
    expect(isinstance(name, str) and name.split() == [name], f"the name {name!r} is not one word")
    one_line = (
        isinstance(summary, str) and len(summary.splitlines()) == 1 and not summary.endswith(".")
    )
    expect(one_line, f"the summary {summary!r} is not one line of text without a full stop")
