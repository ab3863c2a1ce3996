"""Photos as files of a form: multipart/form-data, RFC 7578."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ctc.errors import shorten
from ctc.serving.config import Limits
from ctc.serving.http.errors import ApiError
from ctc.serving.inputs import EncodedImage, EventRequest, group_by_event
from ctc.serving.protocols.json_fields import bad_request, check_name

CONTENT_TYPE = "multipart/form-data"
EVENT_FIELD = "event"


class FormPart(NamedTuple):
    """A field of a form: its name, its file name (None for a text field) and its content."""

    name: str
    file_name: str | None
    data: bytes


def parse_request(content_type: str, body: bytes, limits: Limits) -> list[EventRequest]:
    """Return the events of a form; raises ApiError for a bad one.

    Every part with a file name is a photo. A text field `event` names the event of the photos after
    it; when it is empty, each photo is an event of its own, named by its file name.
    """
    event: str | None = None
    photos: list[tuple[str | None, EncodedImage]] = []
    for part in parse_form(content_type, body, 2 * limits.max_photos):
        if part.file_name is not None:
            photos.append(
                (event, EncodedImage(part.file_name or f"photo {len(photos) + 1}", part.data))
            )
        elif part.name == EVENT_FIELD:
            event = check_name(part.data.decode("utf-8", "replace"), f"a field '{EVENT_FIELD}'")
            event = event or None
        else:
            raise bad_request(
                f"field '{shorten(part.name)}' is neither a photo, which has a file name "
                f"(curl -F photo=@a.jpg), nor '{EVENT_FIELD}'"
            )
    if not photos:
        raise bad_request("the form has no photo: send at least one file (curl -F photo=@a.jpg)")
    return group_by_event(photos)


def parse_form(content_type: str, body: bytes, max_parts: int) -> list[FormPart]:
    """Return the parts of a form, in order.

    Raises ApiError for a malformed form and for more than `max_parts` parts.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise bad_request("the content type of the form has no boundary")
    reader = _FormReader(max_parts)
    try:
        # the parser declares a TypedDict with the same keys
        parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise bad_request(f"the form is malformed: {str(error).lower()}") from None
    if not reader.is_complete:
        raise bad_request("the form ends before its last boundary")
    return reader.parts


class _FormReader:
    """The callbacks of the parser; `parts` are those read so far."""

    def __init__(self, max_parts: int) -> None:
        self.parts: list[FormPart] = []
        self.is_complete = False
        self._max_parts = max_parts
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value, self._data = bytearray(), bytearray(), bytearray()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._start_part,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._add_header,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._add_part,
            "on_end": self._mark_complete,
        }

    def _start_part(self) -> None:
        if len(self.parts) == self._max_parts:
            raise ApiError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the form has more than the limit of {self._max_parts:,} parts",
            )
        self._headers, self._data = {}, bytearray()

    def _add_header(self) -> None:
        self._headers[bytes(self._name.lower())] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _add_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        file_name = options.get(b"filename")
        name = options.get(b"name", b"").decode("utf-8", "replace")
        decoded = None if file_name is None else file_name.decode("utf-8", "replace")
        self.parts.append(FormPart(name, decoded, bytes(self._data)))

    def _mark_complete(self) -> None:
        self.is_complete = True
