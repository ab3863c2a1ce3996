"""The fields of a JSON body, each checked before it is used; messages name the place and what is
there."""

from __future__ import annotations

import binascii
import json
import re
from typing import Any

from ctc.serving.http.errors import BAD_REQUEST, REQUEST_ENTITY_TOO_LARGE, ApiError

_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a truth value",
    int: "a number",
    float: "a number",
}
MAX_CONTAINERS = 1_000_000
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def bad_request(message: str) -> ApiError:
    """What a request gets that can't be understood."""
    return ApiError(BAD_REQUEST, message)


def json_type(value: object) -> str:
    """'a list', 'a string', …, for messages."""
    return _TYPE_NAMES.get(type(value), "null")


def parse_object(text: bytes, what: str = "the body") -> dict[str, Any]:
    """A JSON object; raises RequestError when it isn't one, or would take far more memory than its
    text."""
    if text.count(b"[") + text.count(b"{") > MAX_CONTAINERS:
        raise ApiError(
            REQUEST_ENTITY_TOO_LARGE,
            f"{what} holds more than {MAX_CONTAINERS:,} lists and objects: send less at a time",
        )
    try:
        document = json.loads(text)
    except UnicodeDecodeError:
        raise bad_request(
            f"{what} is neither JSON in UTF-8, nor declared as a photo or a form by its content type"
        ) from None
    except (ValueError, RecursionError) as error:
        raise bad_request(f"{what} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise bad_request(f"{what} is {json_type(document)}, not a JSON object")
    return document


def require_field(holder: dict[str, Any], name: str, expected_type: type, where: str) -> Any:
    """`holder[name]`; raises RequestError when it is missing or of another kind."""
    if name not in holder:
        raise bad_request(f"{where} has no '{name}'")
    value = holder[name]
    if type(value) is not expected_type:
        raise bad_request(
            f"'{name}' of {where} is {json_type(value)}, not {_TYPE_NAMES[expected_type]}"
        )
    return value


def decode_base64(text: object, where: str) -> bytes:
    """The bytes that a base64 string stands for; raises RequestError for anything else, above all
    for a URL, which is never fetched."""
    if not isinstance(text, str):
        raise bad_request(f"{where} is {json_type(text)}, not a base64 string")
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() == "data":
        raise bad_request(f"{where} is a data URL: leave out all up to the comma")
    if scheme:
        raise bad_request(
            f"{where} is a URL or a path, which this server doesn't fetch: send the photo itself, in base64"
        )
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error, or a character beyond ASCII
        raise bad_request(f"{where} is not base64: {str(error).lower()}") from None
