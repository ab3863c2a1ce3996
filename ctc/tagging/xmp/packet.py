"""An XMP packet (ISO 16684-1): RDF in XML, whose lists are read and changed in place.

All that is not asked for stays as it is: properties of any namespace, prefixes, comments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple
from xml.dom import Node, minidom
from xml.parsers.expat import ExpatError

from ctc.errors import InputError, reason

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMLNS = "http://www.w3.org/2000/xmlns/"
MAX_BYTES = 64 << 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_Element = Any
"""A node of xml.dom, whose types tell less than the standard does."""
_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n'
    '  <rdf:Description rdf:about="">\n'
    "  </rdf:Description>\n"
    " </rdf:RDF>\n"
    "</x:xmpmeta>\n"
    '<?xpacket end="w"?>\n'
).encode()
_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ATTRIBUTE = _TEXT | {'"': "&quot;", "\n": "&#10;", "\t": "&#9;"}


class Property(NamedTuple):
    """A property of an XMP namespace that holds a list of texts."""

    namespace: str
    prefix: str
    name: str
    container: Literal["Bag", "Seq"] = "Bag"


class XmpPacket:
    """A packet that was read or is new."""

    def __init__(self, data: bytes = _EMPTY) -> None:
        """Read a packet; raises InputError if it is not XMP."""
        if len(data) > MAX_BYTES or b"<!DOCTYPE" in data.replace(b"\0", b""):
            raise InputError("its XMP data are no RDF, as XMP has to be")
        plain = data if data[:2] in _UTF16 else data.strip(b"\0 \t\r\n")
        try:
            self._document: _Element = minidom.parseString(plain)
        except (ExpatError, ValueError, LookupError) as error:
            raise InputError(f"its XMP data can't be read as XML: {reason(error)}") from None
        roots = self._document.getElementsByTagNameNS(RDF, "RDF")
        if not roots:
            raise InputError("its XMP data have no rdf:RDF")
        self._root = roots[0]
        self._rdf = self._root.prefix or "rdf"

    def items(self, wanted: Property) -> list[str]:
        """Return the texts of a list, none if it is not there."""
        return [_text(item) for found in self._elements(wanted) for item in _list_items(found)]

    def add(self, wanted: Property, texts: Iterable[str]) -> None:
        """Append texts to a list, which is made if it is not there."""
        added = list(texts)
        if not added:
            return
        container = self._container(wanted)
        for text in added:
            item = self._new(f"{self._rdf}:li", RDF)
            item.appendChild(self._document.createTextNode(text))
            container.appendChild(item)

    def discard(self, wanted: Property, texts: Iterable[str]) -> None:
        """Remove texts from a list, and the list if nothing is left of it."""
        unwanted = set(texts)
        for found in list(self._elements(wanted)):
            items = list(_list_items(found))
            ours = [item for item in items if _text(item) in unwanted]
            for item in ours:
                if item is not found:
                    _remove(item)
            if len(ours) == len(items):
                _remove(found)

    def remove(self, namespace: str, name: str) -> bool:
        """Remove a property of any form; return whether it was there."""
        was_there = False
        for description in self._descriptions():
            if description.hasAttributeNS(namespace, name):
                description.removeAttributeNS(namespace, name)
                was_there = True
            for found in _children(description, namespace, name):
                _remove(found)
                was_there = True
        return was_there

    def remove_values(self, is_unwanted: Callable[[str], bool]) -> bool:
        """Remove texts, attributes and comments wherever they are; return whether any was there."""
        return _remove_values(self._document, is_unwanted)

    def to_bytes(self) -> bytes:
        """Return the packet as UTF-8."""
        return "\n".join(map(_to_xml, self._document.childNodes)).encode() + b"\n"

    def _descriptions(self) -> list[_Element]:
        return list(_children(self._root, RDF, "Description"))

    def _elements(self, wanted: Property) -> Iterator[_Element]:
        for description in self._descriptions():
            yield from _children(description, wanted.namespace, wanted.name)

    def _container(self, wanted: Property) -> _Element:
        for found in self._elements(wanted):
            for kind in ("Bag", "Seq", "Alt"):
                for container in _children(found, RDF, kind):
                    return container
        element = self._new(f"{wanted.prefix}:{wanted.name}", wanted.namespace)
        self._append(element)
        if _declared(element, wanted.prefix) != wanted.namespace:
            element.setAttributeNS(XMLNS, f"xmlns:{wanted.prefix}", wanted.namespace)
        container = self._new(f"{self._rdf}:{wanted.container}", RDF)
        element.appendChild(container)
        return container

    def _append(self, element: _Element) -> None:
        """Append a property to the first description, in a line of its own."""
        descriptions = self._descriptions()
        if descriptions:
            target = descriptions[0]
        else:
            target = self._new(f"{self._rdf}:Description", RDF)
            target.setAttributeNS(RDF, f"{self._rdf}:about", "")
            self._root.appendChild(target)
        target.appendChild(self._document.createTextNode(" "))
        target.appendChild(element)
        target.appendChild(self._document.createTextNode("\n  "))

    def _new(self, name: str, namespace: str) -> _Element:
        return self._document.createElementNS(namespace, name)


def _children(element: _Element, namespace: str, name: str) -> Iterator[_Element]:
    for child in list(element.childNodes):
        if child.nodeType == Node.ELEMENT_NODE and (child.namespaceURI, child.localName) == (
            namespace,
            name,
        ):
            yield child


def _list_items(element: _Element) -> Iterator[_Element]:
    """Yield the items of a property; one that holds a single text is its own item."""
    containers = [one for kind in ("Bag", "Seq", "Alt") for one in _children(element, RDF, kind)]
    if not containers and _text(element):
        yield element
    for container in containers:
        yield from _children(container, RDF, "li")


def _text(element: _Element) -> str:
    parts = (Node.TEXT_NODE, Node.CDATA_SECTION_NODE)
    return "".join(one.data for one in element.childNodes if one.nodeType in parts).strip()


def _remove_values(node: _Element, is_unwanted: Callable[[str], bool]) -> bool:
    attributes = list(node.attributes.items()) if node.nodeType == Node.ELEMENT_NODE else []
    removed = [name for name, value in attributes if is_unwanted(value)]
    for name in removed:
        node.removeAttribute(name)
    leaves = [child for child in node.childNodes if child.nodeType != Node.ELEMENT_NODE]
    found = is_unwanted("".join(str(getattr(one, "data", "")) for one in leaves))
    for one in leaves if found else ():
        node.removeChild(one)
    below = [
        _remove_values(child, is_unwanted)
        for child in list(node.childNodes)
        if child.nodeType == Node.ELEMENT_NODE
    ]
    return bool(removed) or found or any(below)


def _remove(element: _Element) -> None:
    """Remove an element with the blanks before it."""
    before = element.previousSibling
    while before is not None and before.nodeType == Node.TEXT_NODE and not before.data.strip():
        blank, before = before, before.previousSibling
        element.parentNode.removeChild(blank)
    element.parentNode.removeChild(element)


def _declared(element: _Element, prefix: str) -> str:
    """Return the namespace that a prefix stands for, '' for none."""
    node: _Element = element
    while node is not None and node.nodeType == Node.ELEMENT_NODE:
        if node.hasAttribute(f"xmlns:{prefix}"):
            return str(node.getAttribute(f"xmlns:{prefix}"))
        node = node.parentNode
    return ""


def _to_xml(node: _Element) -> str:
    """Return a node as XML, so that reading it gives the same again."""
    if node.nodeType == Node.TEXT_NODE:
        return _escape(node.data, _TEXT)
    if node.nodeType != Node.ELEMENT_NODE:
        return str(node.toxml())
    attributes = "".join(
        f' {name}="{_escape(value, _ATTRIBUTE)}"' for name, value in node.attributes.items()
    )
    inside = "".join(map(_to_xml, node.childNodes))
    name = node.tagName
    return f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"


def _escape(text: str, entities: dict[str, str]) -> str:
    return "".join(entities.get(letter, letter) for letter in text)
