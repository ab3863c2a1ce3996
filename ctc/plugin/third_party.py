"""Guests at work: whatever a third party's code does when it is called, the user learns who it was.

What it raises becomes a PluginError with the plugin's name, what it prints goes to stderr, since
stdout is data, and `sys.exit` ends nothing. The host's own errors (`CtcError`), Ctrl-C and SIGTERM
pass. Built-ins are not wrapped: what they raise is a bug of ours."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from ctc.errors import CtcError, PluginError
from ctc.plugin.entry_points import Owner, describe_error
from ctc.plugin.return_checks import YIELDED_TYPES, check_return_value, check_yielded

_END = object()


@dataclass(frozen=True)
class ThirdPartyRecord:
    """One record of a guest: whose it is, and how messages call it."""

    owner: Owner
    title: str
    name: str

    def __str__(self) -> str:
        return f"plugin {self.owner}: its {self.title} '{self.name}'"

    @contextmanager
    def running(self, *host_iterators: HostIterator) -> Iterator[None]:
        """Within the block the guest's code runs; what the `host_iterators` iterators raise is the
        host's."""
        try:
            with stdout_to_stderr():
                yield
        except CtcError:
            raise
        except BaseException as error:
            if not raised_by_plugin(error) or any(
                error is iterator.error for iterator in host_iterators
            ):
                raise
            raise PluginError(
                f"{self} failed: {describe_error(error)} (`ctc -v` shows where)"
            ) from error

    def checked_entries(self, returned: Iterable[Any], source: str) -> Iterator[Any]:
        """What its function `source` yields."""
        entries = iter(returned)
        try:
            while (entry := self._next(entries)) is not _END:
                self.raise_for_fault(check_yielded(source, entry))
                yield entry
        finally:
            if hasattr(entries, "close"):
                with self.running():
                    entries.close()

    def _next(self, entries: Iterator[Any]) -> Any:
        with self.running():
            return next(entries, _END)

    def raise_for_fault(self, fault: str | None) -> None:
        if fault:
            raise PluginError(f"{self} {fault}")


@dataclass(frozen=True)
class ThirdPartyFunction:
    """A function of a guest, `field` of its record."""

    record: ThirdPartyRecord
    field: str
    function: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        lent = [
            HostIterator(argument) if isinstance(argument, Iterator) else argument
            for argument in arguments
        ]
        with self.record.running(
            *(argument for argument in lent if isinstance(argument, HostIterator))
        ):
            returned = self.function(*lent)
            fault = check_return_value(self.field, returned, arguments)
        self.record.raise_for_fault(fault)
        if self.field == "open":
            return ThirdPartyStream(self.record, returned)
        return (
            self.record.checked_entries(returned, self.field)
            if self.field in YIELDED_TYPES
            else returned
        )


class ThirdPartyStream:
    """A BatchStream of a guest."""

    def __init__(self, record: ThirdPartyRecord, stream: object) -> None:
        self._record, self._stream = record, stream

    def __getattr__(self, name: str) -> Any:
        with self._record.running():
            value = getattr(self._stream, name)
        return ThirdPartyFunction(self._record, name, value) if callable(value) else value


class HostIterator:
    """An iterator of the host's in a guest's hands. `error`: what came out of it, which is not the
    guest's fault."""

    def __init__(self, entries: Iterator[Any]) -> None:
        self._entries = entries
        self.error: BaseException | None = None

    def __iter__(self) -> HostIterator:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._entries)
        except StopIteration:
            raise
        except BaseException as error:
            self.error = error
            raise


def wrap_record(record: Any, third_party: ThirdPartyRecord) -> Any:
    """The same record, a dataclass, its functions called as a guest's."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return replace(
        record, **{name: _wrap_value(value, third_party, name) for name, value in values.items()}
    )


def _wrap_value(value: Any, third_party: ThirdPartyRecord, field: str) -> Any:
    if isinstance(value, tuple):
        return tuple(
            wrap_record(part, third_party) if is_dataclass(part) else part for part in value
        )
    return ThirdPartyFunction(third_party, field, value) if callable(value) else value


def plugin_label(function: object, default: str) -> str:
    """How a message calls the record that a function is of: by its plugin where that is a
    guest's."""
    return str(function.record) if isinstance(function, ThirdPartyFunction) else default


def raised_by_plugin(error: BaseException) -> bool:
    """Whether a guest's code raised it, rather than the user or the system: SIGTERM is a kind of
    SystemExit of the host's."""
    return isinstance(error, Exception) or type(error) is SystemExit


def stdout_to_stderr() -> Any:
    """A block whose prints go to stderr. `sys.stdout` is everyone's, so only the main thread may
    exchange it."""
    main = threading.current_thread() is threading.main_thread()
    return redirect_stdout(sys.stderr) if main else nullcontext()
