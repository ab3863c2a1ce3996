"""Photos that come as a browser or `curl -F` sends them: multipart/form-data, RFC 7578."""

from __future__ import annotations

from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ctc.serving.config import Limits
from ctc.serving.http.errors import TOO_LARGE, RequestError
from ctc.serving.inputs import AskedEvent, Encoded, in_events
from ctc.serving.protocols.json_fields import bad

FORM = "multipart/form-data"
EVENT = "event"


class Part(NamedTuple):
    """A field of a form: its name, its file name if it has one, and what it holds."""

    name: str
    file_name: str | None
    data: bytes


def asked(content_type: str, body: bytes, limits: Limits) -> list[AskedEvent]:
    """The events of a form. Every part that has a file name is a photo; a text field `event` says which event the photos after it are
    of, and an empty one that each is its own, called by its file name. Raises RequestError."""
    event: str | None = None
    photos: list[tuple[str | None, Encoded]] = []
    for part in read_form(content_type, body, 2 * limits.photos):
        if part.file_name is not None:
            photos.append((event, Encoded(part.file_name or f"photo {len(photos) + 1}", part.data)))
        elif part.name == EVENT:
            event = part.data.decode("utf-8", "replace") or None
        else:
            raise bad(f"field '{part.name}' is no photo, which has a file name (curl -F photo=@a.jpg), nor '{EVENT}'")
    if not photos:
        raise bad("the form holds no photo: send at least one file (curl -F photo=@a.jpg)")
    return in_events(photos)


def read_form(content_type: str, body: bytes, most: int) -> list[Part]:
    """The parts of a form, in order; raises RequestError when it is damaged, or has more parts than `most`."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise bad("the content type of the form names no boundary")
    reader = _Reader(most)
    try:
        parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]  # a TypedDict of the same
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise bad(f"the form is damaged: {str(error).lower()}") from None
    if not reader.ended:
        raise bad("the form ends before its last boundary")
    return reader.parts


class _Reader:
    """Collects what the parser finds."""

    def __init__(self, most: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._most = most
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value, self._data = bytearray(), bytearray(), bytearray()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._keep_header,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._keep_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == self._most:
            raise RequestError(
                TOO_LARGE, f"the form has more than {self._most:,} parts, the most that this server takes"
            )
        self._headers, self._data = {}, bytearray()

    def _keep_header(self) -> None:
        self._headers[bytes(self._name.lower())] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _keep_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        file_name = options.get(b"filename")
        named = None if file_name is None else file_name.decode("utf-8", "replace")
        self.parts.append(Part(options.get(b"name", b"").decode("utf-8", "replace"), named, bytes(self._data)))

    def _end(self) -> None:
        self.ended = True
