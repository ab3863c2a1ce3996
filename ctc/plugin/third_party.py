"""Guests at work: whatever a third party's code does when it is called, the user learns who it was.

What it raises becomes a PluginError with the plugin's name, what it prints goes to stderr, since stdout is data, and `sys.exit`
ends nothing. The host's own errors (`CtcError`), Ctrl-C and SIGTERM pass. Built-ins are not wrapped: what they raise is a bug of ours.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from ctc.errors import CtcError, PluginError
from ctc.plugin.entry_points import Owner, reason
from ctc.plugin.return_checks import ITERATED, check_entry, check_returned

_END = object()


@dataclass(frozen=True)
class Guest:
    """One record of a guest: whose it is, and how messages call it."""

    owner: Owner
    title: str
    name: str

    def __str__(self) -> str:
        return f"plugin {self.owner}: its {self.title} '{self.name}'"

    @contextmanager
    def at_work(self, *lent: Lent) -> Iterator[None]:
        """Within the block the guest's code runs; what the `lent` iterators raise is the host's."""
        try:
            with quiet_stdout():
                yield
        except CtcError:
            raise
        except BaseException as error:
            if not of_guest(error) or any(error is iterator.raised for iterator in lent):
                raise
            raise PluginError(f"{self} failed: {reason(error)} (`ctc -v` shows where)") from error

    def entries(self, returned: Iterable[Any], source: str) -> Iterator[Any]:
        """What its function `source` yields."""
        entries = iter(returned)
        try:
            while (entry := self._next(entries)) is not _END:
                self.check(check_entry(source, entry))
                yield entry
        finally:
            if hasattr(entries, "close"):
                with self.at_work():
                    entries.close()

    def _next(self, entries: Iterator[Any]) -> Any:
        with self.at_work():
            return next(entries, _END)

    def check(self, fault: str | None) -> None:
        if fault:
            raise PluginError(f"{self} {fault}")


@dataclass(frozen=True)
class GuestCall:
    """A function of a guest, `field` of its record."""

    guest: Guest
    field: str
    function: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        lent = [Lent(argument) if isinstance(argument, Iterator) else argument for argument in arguments]
        with self.guest.at_work(*(argument for argument in lent if isinstance(argument, Lent))):
            returned = self.function(*lent)
            fault = check_returned(self.field, returned, arguments)
        self.guest.check(fault)
        if self.field == "open":
            return GuestStream(self.guest, returned)
        return self.guest.entries(returned, self.field) if self.field in ITERATED else returned


class GuestStream:
    """A BatchStream of a guest."""

    def __init__(self, guest: Guest, stream: object) -> None:
        self._guest, self._stream = guest, stream

    def __getattr__(self, name: str) -> Any:
        with self._guest.at_work():
            value = getattr(self._stream, name)
        return GuestCall(self._guest, name, value) if callable(value) else value


class Lent:
    """An iterator of the host's in a guest's hands. `raised`: what came out of it, which is not the guest's fault."""

    def __init__(self, entries: Iterator[Any]) -> None:
        self._entries = entries
        self.raised: BaseException | None = None

    def __iter__(self) -> Lent:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._entries)
        except StopIteration:
            raise
        except BaseException as error:
            self.raised = error
            raise


def guarded(record: Any, guest: Guest) -> Any:
    """The same record, a dataclass, its functions called as a guest's."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return replace(record, **{name: _guarded(value, guest, name) for name, value in values.items()})


def _guarded(value: Any, guest: Guest, field: str) -> Any:
    if isinstance(value, tuple):
        return tuple(guarded(part, guest) if is_dataclass(part) else part for part in value)
    return GuestCall(guest, field, value) if callable(value) else value


def blamed(function: object, otherwise: str) -> str:
    """How a message calls the record that a function is of: by its plugin where that is a guest's."""
    return str(function.guest) if isinstance(function, GuestCall) else otherwise


def of_guest(error: BaseException) -> bool:
    """Whether a guest's code raised it, rather than the user or the system: SIGTERM is a kind of SystemExit of the host's."""
    return isinstance(error, Exception) or type(error) is SystemExit


def quiet_stdout() -> Any:
    """A block whose prints go to stderr. `sys.stdout` is everyone's, so only the main thread may exchange it."""
    main = threading.current_thread() is threading.main_thread()
    return redirect_stdout(sys.stderr) if main else nullcontext()
