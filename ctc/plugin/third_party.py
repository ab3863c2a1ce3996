"""Calls into third-party plugins, so that every error names the plugin.

An exception becomes a PluginError with the plugin's name; output on stdout, which is for data, goes
to stderr; `sys.exit` doesn't end the process. Errors of the host (`CtcError`), Ctrl-C and SIGTERM
pass unchanged. Built-in plugins are not wrapped, since their exceptions are bugs of ctc.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from ctc.errors import CtcError, PluginError
from ctc.plugin.batch_checks import find_batch_fault
from ctc.plugin.entry_points import Owner, describe_error
from ctc.plugin.option_values import BoundFunction
from ctc.plugin.return_checks import YIELDED_TYPES, check_return_value, check_yielded

if TYPE_CHECKING:
    from ctc.artifacts.dataset import Dataset
    from ctc.plugin.loading import LoaderConfig

_END = object()


@dataclass(frozen=True)
class ThirdPartyRecord:
    """A record of a third-party plugin: its owner, kind and name for messages."""

    owner: Owner
    title: str
    name: str

    def __str__(self) -> str:
        return f"plugin {self.owner}: its {self.title} '{self.name}'"

    @contextmanager
    def running(self, *host_iterators: HostIterator) -> Iterator[None]:
        """Run the plugin's code inside the block, and turn its exceptions into PluginError.

        Exceptions that come from `host_iterators` pass unchanged.
        """
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
                f"{self} failed: {describe_error(error)} (`ctc -v` shows the traceback)"
            ) from error

    def checked_entries(self, returned: Iterable[Any], source: str) -> Iterator[Any]:
        """Yield the entries that the plugin's function `source` returned, checking each."""
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
        """Raise PluginError, with the name of the record, if there is a fault."""
        if fault:
            raise PluginError(f"{self} {fault}")


@dataclass(frozen=True)
class ThirdPartyFunction:
    """A function of a third-party record; `field` is its field."""

    record: ThirdPartyRecord
    field: str
    function: Callable[..., Any]

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function, whose signature counts for `inspect`."""
        return self.function

    def __call__(self, *arguments: Any) -> Any:
        passed = [
            HostIterator(argument) if isinstance(argument, Iterator) else argument
            for argument in arguments
        ]
        host_iterators = (argument for argument in passed if isinstance(argument, HostIterator))
        with self.record.running(*host_iterators):
            returned = self.function(*passed)
            fault = check_return_value(self.field, returned, arguments)
        self.record.raise_for_fault(fault)
        if self.field == "open":
            dataset, _, config = arguments
            return ThirdPartyStream(self.record, returned, dataset, config)
        return (
            self.record.checked_entries(returned, self.field)
            if self.field in YIELDED_TYPES
            else returned
        )


class ThirdPartyStream:
    """A BatchStream of a third-party loader; the first batch of each epoch is checked."""

    def __init__(
        self,
        record: ThirdPartyRecord,
        stream: Any,
        dataset: Dataset,
        config: LoaderConfig,
    ) -> None:
        self._record, self._stream, self._config = record, stream, config
        self._classes = dataset.num_classes(config.labels)

    def epoch(self, index: int, start_step: int = 0) -> Iterator[Any]:
        """Yield the batches. Raises PluginError if the first one has the wrong arrays."""
        read = ThirdPartyFunction(self._record, "epoch", self._stream.epoch)
        with closing(read(index, start_step)) as batches:
            for number, batch in enumerate(batches):
                if not number:
                    fault = find_batch_fault(batch, self._config, self._classes)
                    self._record.raise_for_fault(fault and f"yielded a wrong batch: {fault}")
                yield batch

    def __getattr__(self, name: str) -> Any:
        with self._record.running():
            value = getattr(self._stream, name)
        return ThirdPartyFunction(self._record, name, value) if callable(value) else value


class HostIterator:
    """An iterator of the host that is passed to a plugin; `error`: the exception it raised."""

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
    """Return the record with all its functions wrapped by `ThirdPartyFunction`."""
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
    """Return the plugin's name if the function is of a third-party record, else `default`."""
    while isinstance(function, BoundFunction):
        function = function.function
    return str(function.record) if isinstance(function, ThirdPartyFunction) else default


def raised_by_plugin(error: BaseException) -> bool:
    """Return whether plugin code raised the error, not the user or the system.

    Ctrl-C and the end of a generator are not the plugin's, nor is the host's own subclass of
    SystemExit, which SIGTERM raises.
    """
    if isinstance(error, SystemExit):
        return not type(error).__module__.startswith("ctc.")
    return not isinstance(error, KeyboardInterrupt | GeneratorExit)


def stdout_to_stderr() -> Any:
    """Return a context manager that redirects prints to stderr.

    `sys.stdout` is global, so only the main thread redirects it.
    """
    main = threading.current_thread() is threading.main_thread()
    return redirect_stdout(sys.stderr) if main else nullcontext()
