"""The fields of a JSON body, each checked before it is used; messages name the place and what is there."""

from __future__ import annotations

import binascii
import json
import re
from typing import Any

from ctc.serving.http.errors import BAD_REQUEST, TOO_LARGE, RequestError

_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", int: "a number", float: "a number"}
MOST_CONTAINERS = 1_000_000
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def bad(message: str) -> RequestError:
    """What a request gets that can't be understood."""
    return RequestError(BAD_REQUEST, message)


def kind(value: object) -> str:
    """'a list', 'a string', …, for messages."""
    return _KINDS.get(type(value), "null")


def read_object(text: bytes, what: str = "the body") -> dict[str, Any]:
    """A JSON object; raises RequestError when it isn't one, or would take far more memory than its text."""
    if text.count(b"[") + text.count(b"{") > MOST_CONTAINERS:
        raise RequestError(
            TOO_LARGE, f"{what} holds more than {MOST_CONTAINERS:,} lists and objects: send less at a time"
        )
    try:
        document = json.loads(text)
    except UnicodeDecodeError:
        raise bad(f"{what} is neither JSON in UTF-8, nor declared as a photo or a form by its content type") from None
    except (ValueError, RecursionError) as error:
        raise bad(f"{what} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise bad(f"{what} is {kind(document)}, not a JSON object")
    return document


def field(holder: dict[str, Any], name: str, kind_wanted: type, where: str) -> Any:
    """`holder[name]`; raises RequestError when it is missing or of another kind."""
    if name not in holder:
        raise bad(f"{where} has no '{name}'")
    value = holder[name]
    if type(value) is not kind_wanted:
        raise bad(f"'{name}' of {where} is {kind(value)}, not {_KINDS[kind_wanted]}")
    return value


def from_base64(text: object, where: str) -> bytes:
    """The bytes that a base64 string stands for; raises RequestError for anything else, above all for a URL, which is never fetched."""
    if not isinstance(text, str):
        raise bad(f"{where} is {kind(text)}, not a base64 string")
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() == "data":
        raise bad(f"{where} is a data URL: leave out all up to the comma")
    if scheme:
        raise bad(f"{where} is a URL or a path, which this server doesn't fetch: send the photo itself, in base64")
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error, or a character beyond ASCII
        raise bad(f"{where} is not base64: {str(error).lower()}") from None
