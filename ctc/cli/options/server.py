"""Options of the commands that serve a page: serve, review and label."""

from __future__ import annotations

import re

import click

from ctc.cli.options.option import option
from ctc.errors import UsageError, shorten

_HOST_NAME = re.compile(r"[\w-]+(\.[\w-]+)*\.?", re.ASCII)


def _parse_host_names(
    _: click.Context, __: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    for name in names:
        if name != "*" and not _HOST_NAME.fullmatch(name):
            raise UsageError(
                f"--allowed-host '{shorten(name)}' is not the name of a host, such as "
                "'animals.example.org': give it without http:// and port"
            )
    return tuple(name.lower().rstrip(".") for name in names)


HOST = option("--host", metavar="ADDRESS", default="127.0.0.1", help="Address to listen on.")
PORT = option(
    "--port", type=click.IntRange(0, 65535), default=8000, help="Port; 0 selects a free one."
)
ALLOWED_HOST = option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    callback=_parse_host_names,
    metavar="NAME",
    show_default="only localhost and addresses if --host is this machine, else any",
    help="Name of this server in URLs, such as that of a proxy; '*' for any. Repeatable.",
)
