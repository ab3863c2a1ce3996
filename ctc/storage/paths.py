"""Where files are: paths of this machine, and places that fsspec reaches
(https://filesystem-spec.readthedocs.io), such as `s3://bucket/photos`.

A remote place is a UPath (https://universal-pathlib.readthedocs.io), which has pathlib's methods
and stands wherever the code says Path. What needs a real file takes a `remote_files.local_copy`;
what makes one goes through `atomic.atomic_write`. Credentials and endpoints are those of the
storage's own tools (`AWS_…`, `GOOGLE_APPLICATION_CREDENTIALS`, `FSSPEC_…`)."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import cast

from ctc.errors import InputError, MissingExtraError, UsageError, did_you_mean

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
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


def is_url(text: str) -> bool:
    """Whether the text names a remote place: a scheme of two letters or more, and '://'."""
    return _URL.match(text) is not None


def is_remote(path: object) -> bool:
    """Whether this is a remote place, or the text of one."""
    return is_url(path) if isinstance(path, str) else not isinstance(path, PurePath)


def parse_path(text: str | Path) -> Path:
    """The path or remote place that the text names. Nothing is asked of the storage; raises
    CtcError for a kind that isn't known, or whose packages are missing."""
    if not isinstance(text, str):
        return text
    found = _URL.match(text)
    if not found:
        return Path(text)
    scheme = found[1].lower()
    return _make_remote_path(f"{scheme}://{text[found.end() :]}", scheme)


def is_in_bucket(path: str | Path) -> bool:
    """Whether the place is in a bucket, or a container as Azure calls it, which must be there
    before anything is written."""
    return str(path).partition("://")[0].lower() in _EXTRA_BY_SCHEME


def is_http(path: str | Path) -> bool:
    """Whether it is on the web, where a name may be followed by '?' and more, and nothing can be
    written."""
    return str(path).lower().startswith(("http://", "https://"))


def join_path(root: Path, path: str) -> str:
    """Where the photo at `path`, absolute or relative to `root`, can be opened."""
    if is_url(path) or not is_remote(root):
        return path if is_url(path) else str(root / path)
    return path if PurePath(path).is_absolute() else f"{str(root).rstrip('/')}/{path}"


def _make_remote_path(text: str, scheme: str) -> Path:
    if find_spec("upath") is None:
        raise MissingExtraError(f"'{text}'", _EXTRA_BY_SCHEME.get(scheme, "remote"))
    from fsspec import available_protocols
    from upath import UPath

    if scheme not in available_protocols():
        raise UsageError(
            f"'{text}' is at no known kind of place, '{scheme}'{did_you_mean(scheme, _SUGGESTED_SCHEMES)}"
        )
    if scheme in _EXTRA_BY_SCHEME and not text.removeprefix(f"{scheme}://").partition("/")[0]:
        raise UsageError(f"'{text}' names no bucket: write '{scheme}://bucket/folder'")
    try:
        found = UPath(text, use_listings_cache=False)  # other programs write there too
        found.fs  # noqa: B018 (imports what this kind of place needs)
    except ImportError as error:
        if scheme in _EXTRA_BY_SCHEME:
            raise MissingExtraError(f"'{text}'", _EXTRA_BY_SCHEME[scheme]) from None
        raise InputError(f"'{text}' can't be reached: {str(error).rstrip('.').lower()}") from None
    except Exception as error:  # each library has errors of its own, for credentials that it misses
        why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".").lower()
        raise InputError(f"'{text}' can't be reached: {why}") from error
    return cast("Path", found)
