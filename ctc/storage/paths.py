"""Paths of local files, and URLs of remote ones that fsspec opens, such as `s3://bucket/photos`.

A remote path is a UPath (https://universal-pathlib.readthedocs.io), which has pathlib's methods,
so annotations say Path for both. Code that needs a real file takes `remote_files.local_copy`;
code that writes one uses `atomic.atomic_write`. Credentials and endpoints are those of the
storage's own tools (`AWS_…`, `GOOGLE_APPLICATION_CREDENTIALS`, `FSSPEC_…`); see
https://filesystem-spec.readthedocs.io.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import cast

from ctc.errors import InputError, MissingExtraError, UsageError, did_you_mean
from ctc.storage.urls import (
    SCHEMES_VARIABLE,
    is_url,
    redact_urls,
    refusal,
    split_scheme,
    storage_options,
)

__all__ = [
    "absolute_path",
    "check_not_input",
    "extra_of",
    "is_http",
    "is_in_bucket",
    "is_remote",
    "is_url",
    "join_path",
    "parse_path",
    "path_beside",
    "relative_path",
]

_EXTRA_BY_SCHEME = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
}
_SUGGESTED_SCHEMES = ("s3", "gs", "az", "https", "sftp", "hdfs")


def is_remote(path: object) -> bool:
    """Return whether `path` is a remote path, or the URL of one as text."""
    return is_url(path) if isinstance(path, str) else not isinstance(path, PurePath)


def parse_path(text: str | Path) -> Path:
    """Return the local or remote path that the text names, without a request to the storage.

    Raises CtcError for a URL scheme that is unknown or not allowed, or one whose packages are not
    installed.
    """
    if not isinstance(text, str):
        return text
    found = split_scheme(text)
    if not found:
        return Path(text)
    scheme, rest = found
    return _make_remote_path(f"{scheme}://{rest}", scheme)


def is_in_bucket(path: str | Path) -> bool:
    """Return whether `path` is in a bucket (a container in Azure), which ctc does not create."""
    return str(path).partition("://")[0].lower() in _EXTRA_BY_SCHEME


def is_http(path: str | Path) -> bool:
    """Return whether `path` is an HTTP URL: it may have a query ('?…'), and can't be written."""
    return str(path).lower().startswith(("http://", "https://"))


def extra_of(url: str) -> str:
    """Return the extra of ctc that opens a URL."""
    return _EXTRA_BY_SCHEME.get(url.partition("://")[0].lower(), "remote")


def join_path(root: Path, path: str) -> str:
    """Return where the photo at `path`, a URL or a path relative to `root`, can be opened."""
    if is_url(path) or not is_remote(root):
        return path if is_url(path) else str(root / path)
    return path if PurePath(path).is_absolute() else f"{str(root).rstrip('/')}/{path}"


def _make_remote_path(text: str, scheme: str) -> Path:
    shown = redact_urls(text)
    if find_spec("upath") is None:
        raise MissingExtraError(f"'{shown}'", _EXTRA_BY_SCHEME.get(scheme, "remote"))
    from fsspec import available_protocols
    from upath import UPath

    if scheme not in available_protocols():
        raise UsageError(
            f"'{shown}' has an unknown URL scheme '{scheme}'"
            f"{did_you_mean(scheme, _SUGGESTED_SCHEMES)}"
        )
    refused = refusal(text)
    if refused:
        remedy = "" if "::" in text else f"; to allow the scheme set {SCHEMES_VARIABLE}={scheme}"
        raise UsageError(f"'{shown}' is not opened: {refused}{remedy}")
    if scheme in _EXTRA_BY_SCHEME and not text.removeprefix(f"{scheme}://").partition("/")[0]:
        raise UsageError(f"'{shown}' names no bucket: write '{scheme}://bucket/folder'")
    try:
        found = UPath(text, **storage_options(text))
        found.fs  # noqa: B018 (imports the packages of this scheme)
    except ImportError as error:
        if scheme in _EXTRA_BY_SCHEME:
            raise MissingExtraError(f"'{shown}'", _EXTRA_BY_SCHEME[scheme]) from None
        raise InputError(f"'{shown}' can't be reached: {str(error).rstrip('.').lower()}") from None
    except Exception as error:  # each library has its own errors for missing credentials
        why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".").lower()
        raise InputError(f"'{shown}' can't be reached: {redact_urls(why)}") from error
    return cast("Path", found)


def absolute_path(path: str) -> str:
    """Return the absolute path with forward slashes, without '.' and '..'; a URL unchanged."""
    if is_url(path):
        return path
    return _forward_slashes(os.path.normpath(Path(path).absolute()))


def relative_path(path: str, root: Path) -> str | None:
    """Return the path from the absolute folder `root`, None for a photo that is not below it.

    It has forward slashes.
    """
    full, folder = absolute_path(path), _forward_slashes(str(root)).rstrip("/") + "/"
    return full.removeprefix(folder) if full.startswith(folder) else None


def path_beside(output: Path, name: str) -> Path:
    """Return the path called `name` in the folder of an output.

    Raises UsageError for an output such as '.' and '/', which can't be replaced.
    """
    if not output.name:
        raise UsageError(f"'{output}' can't be replaced: give --output the name of a new file")
    return output.with_name(name)


def check_not_input(output: Path, inputs: Iterable[Path]) -> None:
    """Raise UsageError when the output is one of the inputs, which would be overwritten."""
    for source in inputs:
        if output.exists() and source.exists() and _is_same_path(output, source):
            raise UsageError(f"output '{output}' is an input as well: choose another --output")


def _is_same_path(one: Path, other: Path) -> bool:
    return str(one) == str(other) if is_remote(one) or is_remote(other) else one.samefile(other)


def _forward_slashes(path: str) -> str:
    return path.replace("\\", "/") if os.sep == "\\" else path
