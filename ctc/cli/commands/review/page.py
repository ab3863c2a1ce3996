"""Serving the page of a store, until Ctrl-C."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ctc.cli.console.console import JsonLogHandler, close_json_log, verbosity_options
from ctc.cli.registry import INTERRUPTED, TERMINATED
from ctc.cli.signals import Terminated
from ctc.errors import require_extra

if TYPE_CHECKING:
    from ctc.artifacts.review.store import ReviewStore
    from ctc.review.app.config import ReviewConfig
    from ctc.review.proof.targets import Targets

log = logging.getLogger("ctc.serving")

REQUIRED_PACKAGES = (
    *("platformdirs", "prometheus_client", "python_multipart", "starlette", "uvicorn"),
)


def require_page_packages(command: str) -> None:
    """Raise MissingExtraError unless the packages of the page are installed."""
    require_extra(command, "serve", REQUIRED_PACKAGES)


@contextmanager
def loaded_store(
    path: Path, load: Callable[[ReviewStore], None], make: bool
) -> Iterator[ReviewStore]:
    """Open a store after `load`; `make`: also a new one, which is removed again if `load` fails."""
    from ctc.artifacts.review.store import ReviewStore

    is_new = make and not path.exists()
    with ReviewStore.open(path, make=make) as store:
        try:
            load(store)
        except BaseException:
            store.close()
            if is_new:
                path.unlink()
            raise
        yield store


def serve_page(
    store: ReviewStore, options: Mapping[str, Any], targets: Targets | None = None
) -> None:
    """Serve the page of a store; `options`: those of PAGE_NAMES. `targets`: of the audit.

    Ends with the exit code of the signal that stopped it. Raises CtcError for a token file or an
    address that can't be used.
    """
    from ctc.review.app.server import run
    from ctc.serving.server import bind_socket

    config = _config(store, options)
    if targets is not None:
        config = replace(config, targets=targets)
    with bind_socket(options["host"], options["port"]) as listener, _logging_and_signals():
        run(store, config, listener, close_json_log, _has_browser(options["no_browser"]))


def _config(store: ReviewStore, options: Mapping[str, Any]) -> ReviewConfig:
    from ctc.artifacts.review.records import Reviewer
    from ctc.review.app.config import MEGABYTE, ReviewConfig
    from ctc.review.app.reviewers import read_tokens
    from ctc.review.class_names import read_class_names
    from ctc.storage.cache import thumbnails_folder

    tokens = {} if options["token_file"] is None else read_tokens(options["token_file"])
    classes = {name for label in store.labels() for name in label.classes}
    taxonomy = options["taxonomy"]
    names = {} if taxonomy is None else read_class_names(taxonomy, sorted(classes))
    for reviewer in tokens.values():
        store.ensure_reviewer(reviewer.name, reviewer.role)
    name = (options["reviewer"] or _user_name()).strip()
    if not tokens:
        name = store.ensure_reviewer(name, options["role"]).name
    return ReviewConfig(
        Reviewer(name, options["role"]),
        thumbnails_folder(),
        tokens,
        names,
        round(options["thumbnail_cache"] * MEGABYTE),
        options["allowed_hosts"],
    )


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # in a container without a user database
        return "reviewer"


def _has_browser(is_unwanted: bool) -> bool:
    """Return whether to open a browser: for someone at this machine's screen alone."""
    has_screen = os.name == "nt" or sys.platform == "darwin" or "DISPLAY" in os.environ
    has_screen = has_screen or "WAYLAND_DISPLAY" in os.environ
    return not is_unwanted and has_screen and sys.stderr.isatty()


@contextmanager
def _logging_and_signals() -> Iterator[None]:
    from ctc.serving.http.logging_setup import log_to_stderr

    quiet = "--quiet" in verbosity_options()
    with log_to_stderr(False, quiet, extra_handler=JsonLogHandler()):
        try:
            yield
        except Terminated:
            _exit(TERMINATED, "terminated")
        except KeyboardInterrupt:
            _exit(INTERRUPTED, "interrupted")


def _exit(code: int, word: str) -> NoReturn:
    """Exit after a signal, which is how a server is stopped: no error."""
    log.info("stopped: %s", word)
    click.get_current_context().exit(code)
