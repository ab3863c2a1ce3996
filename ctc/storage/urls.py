"""Which URLs are opened, and how they are shown.

A table from a stranger may name any URL, so only the schemes of an allow-list are opened: others of
fsspec read archives, other URLs or caches inside a URL, or run code. `CTC_URL_SCHEMES` adds some.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

SCHEMES = frozenset(
    {
        *("file", "memory", "http", "https", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"),
        *("ftp", "hdfs", "sftp", "smb", "ssh"),
    }
)
SCHEMES_VARIABLE = "CTC_URL_SCHEMES"
"""Environment variable with further schemes, separated by commas."""
HIDDEN = "***"

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_USER = re.compile(r"(?i)(https?://)[^\s/?#'\"@]+(?=@)|(://)[^\s/?#'\"@:]*:[^\s/?#'\"@]*(?=@)")
_SECRET = re.compile(
    r"(?i)([?&;](?:[\w.~%-]*(?:signature|token|secret|password|passwd|credential|api[_-]?key)"
    r"|[\w.~%-]*access[_-]?key[_-]?(?:id)?|sig|key|pwd|auth|code|policy|key-pair-id"
    r"|x-amz-[\w-]*|x-goog-[\w-]*|x-ms-[\w-]*|googleaccessid)=)[^&;\s'\"#<>]+"
)


def is_url(text: str) -> bool:
    """Return whether the text is a URL: a scheme of two letters or more, then '://'."""
    return _URL.match(text) is not None


def split_scheme(text: str) -> tuple[str, str] | None:
    """Return the scheme of a URL in lower case and what follows '://'; None for another text."""
    found = _URL.match(text)
    return (found[1].lower(), text[found.end() :]) if found else None


def refusal(url: str) -> str | None:
    """Return why a URL is not opened, as the end of a sentence, or None if it may be."""
    scheme = (split_scheme(url) or ("", ""))[0]
    more = os.environ.get(SCHEMES_VARIABLE, "")
    if scheme not in SCHEMES and scheme not in {name.strip().lower() for name in more.split(",")}:
        return f"URLs of the scheme '{scheme[:40]}' are not opened"
    if "::" in url:
        return "URLs with '::', which chains storages, are not opened"
    return None


def redact_urls(text: str) -> str:
    """Return the text without the secrets in its URLs: users, passwords, signatures, tokens.

    They are replaced by '***'. A text without a URL is returned unchanged.
    """
    if "://" not in text:
        return text
    return _SECRET.sub(rf"\1{HIDDEN}", _USER.sub(_hide_user, text))


def redact(value: object) -> object:
    """Return a value that JSON can represent with `redact_urls` applied to all its texts."""
    if isinstance(value, str):
        return redact_urls(value)
    if isinstance(value, Mapping):
        return {key: redact(item) for key, item in value.items()}
    return [redact(item) for item in value] if isinstance(value, list | tuple) else value


def _hide_user(found: re.Match[str]) -> str:
    return (found[1] or found[2]) + HIDDEN


def storage_options(url: str) -> dict[str, Any]:
    """Return the options with which fsspec opens the URL.

    Listings are not cached, since other programs write there too. A web server's redirects are
    followed to http and https only, and never from https to http.
    """
    scheme = (split_scheme(url) or ("", ""))[0]
    web = {"get_client": _web_client} if scheme in ("http", "https") else {}
    return {"use_listings_cache": False, **web}


async def _web_client(**options: Any) -> aiohttp.ClientSession:
    import aiohttp

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_check_redirect)
    return aiohttp.ClientSession(trace_configs=[trace], **options)


async def _check_redirect(_session: Any, _context: Any, redirect: Any) -> None:
    """Raise ValueError for a redirect to another scheme than http and https, or back to http."""
    target = redirect.response.headers.get("Location", "")
    found = split_scheme(target)
    allowed = ("https",) if redirect.url.scheme == "https" else ("http", "https")
    if found and found[0] not in allowed:
        raise ValueError(f"the server redirects to a '{found[0]}' URL, which is not followed")
