"""Checked access to the fields of a JSON body; messages name the field and what was found."""

from __future__ import annotations

import binascii
import re
import reprlib
from http import HTTPStatus
from typing import Any

from ctc.errors import MAX_QUOTED, shorten
from ctc.serving.http.errors import ApiError
from ctc.storage.json_file import JSON_TYPE_NAMES, json_type, parse_json_object

MAX_CONTAINERS = 1_000_000
MAX_KEYS = 100_000
"""Keys of a body that holds photos; parsing very many stops all other threads for seconds."""
MAX_NAME = 1_000
"""Characters of a name that the response repeats."""
_SHORT_REPR = reprlib.Repr()
_SHORT_REPR.maxlist = _SHORT_REPR.maxdict = 8
_SHORT_REPR.maxstring = _SHORT_REPR.maxother = MAX_QUOTED
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def bad_request(message: str) -> ApiError:
    """Return the error for a request that can't be parsed (400)."""
    return ApiError(HTTPStatus.BAD_REQUEST, message)


def parse_object(text: bytes, what: str = "the body", max_keys: int = MAX_KEYS) -> dict[str, Any]:
    """Parse a JSON object with at most `max_keys` colons.

    Raises ApiError when it isn't one, or would take far more memory or time than its text.
    """
    if text.count(b":") > max_keys:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{what} holds more than {max_keys:,} keys: send less at a time",
        )
    if text.count(b"[") + text.count(b"{") > MAX_CONTAINERS:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{what} holds more than {MAX_CONTAINERS:,} lists and objects: send less at a time",
        )
    try:
        return parse_json_object(text)
    except UnicodeDecodeError:
        raise bad_request(
            f"{what} is neither JSON in UTF-8, nor does its content type declare a photo or a form"
        ) from None
    except ValueError as error:
        raise bad_request(f"{what} is {error}") from None


def require_field(holder: dict[str, Any], name: str, expected_type: type, where: str) -> Any:
    """Return `holder[name]`; raises ApiError when it is missing or of another type."""
    if name not in holder:
        raise bad_request(f"{where} has no '{name}'")
    value = holder[name]
    if type(value) is not expected_type:
        raise bad_request(
            f"'{name}' of {where} is {json_type(value)}, not {JSON_TYPE_NAMES[expected_type]}"
        )
    return value


def quoted(value: object) -> str:
    """Return a value of the request for a message, without the middle of long ones."""
    return shorten(_SHORT_REPR.repr(value))


def check_name(name: str, where: str) -> str:
    """Return the name; raises ApiError when it is too long to be repeated in the response."""
    if len(name) > MAX_NAME:
        raise bad_request(f"{where} has {len(name):,} characters, more than {MAX_NAME:,}")
    return name


def decode_base64(text: object, where: str) -> bytes:
    """Decode a base64 string.

    Raises ApiError for anything else, above all for a URL, which is never fetched.
    """
    if not isinstance(text, str):
        raise bad_request(f"{where} is {json_type(text)}, not a base64 string")
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() == "data":
        raise bad_request(f"{where} is a data URL: send only what follows the comma")
    if scheme:
        raise bad_request(
            f"{where} is a URL or a path, which this server doesn't fetch: "
            "send the photo itself, in base64"
        )
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error, or a character beyond ASCII
        raise bad_request(f"{where} is not base64: {str(error).lower()}") from None
