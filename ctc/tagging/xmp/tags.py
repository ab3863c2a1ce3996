"""Keywords in an XMP packet, in the fields that photo programs read.

`dc:subject` has the flat ones, for all programs; `lr:hierarchicalSubject` the hierarchies, for
Lightroom, XnView and camtrapR; `digiKam:TagsList` the same for digiKam. What ctc itself wrote is
listed once more in a namespace of its own, so that the next run replaces these keywords and no
others.
"""

from __future__ import annotations

from collections.abc import Sequence

from ctc.tagging.keywords import Keywords
from ctc.tagging.xmp.packet import Property, XmpPacket

NAMESPACE = "urn:camera-trap-classifier:tags:1.0#"
SUBJECT = Property("http://purl.org/dc/elements/1.1/", "dc", "subject")
HIERARCHICAL = Property("http://ns.adobe.com/lightroom/1.0/", "lr", "hierarchicalSubject")
TAGS_LIST = Property("http://www.digikam.org/ns/1.0/", "digiKam", "TagsList", "Seq")
OWN_SUBJECT = Property(NAMESPACE, "ctc", "writtenSubject")
OWN_HIERARCHICAL = Property(NAMESPACE, "ctc", "writtenHierarchicalSubject")


def own_subject(packet: XmpPacket) -> list[str]:
    """Return the flat keywords that ctc wrote."""
    return packet.items(OWN_SUBJECT)


def apply_keywords(packet: XmpPacket, keywords: Keywords) -> None:
    """Replace the keywords that ctc wrote before; those of people and programs stay."""
    before = packet.items(OWN_HIERARCHICAL)
    _replace(packet, SUBJECT, own_subject(packet), keywords.flat)
    added = _replace(packet, HIERARCHICAL, before, keywords.joined("|"))
    _replace(packet, TAGS_LIST, [text.replace("|", "/") for text in before], keywords.joined("/"))
    _record(packet, OWN_HIERARCHICAL, added)


def _replace(
    packet: XmpPacket, wanted: Property, before: Sequence[str], after: Sequence[str]
) -> list[str]:
    """Return the texts that are ctc's own now: those that nobody else had written."""
    packet.discard(wanted, [text for text in before if text not in after])
    known = packet.items(wanted)
    packet.add(wanted, (text for text in after if text not in known))
    added = [text for text in after if text not in known or text in before]
    if wanted is SUBJECT:
        _record(packet, OWN_SUBJECT, added)
    return added


def _record(packet: XmpPacket, wanted: Property, texts: Sequence[str]) -> None:
    known = packet.items(wanted)
    packet.discard(wanted, [text for text in known if text not in texts])
    packet.add(wanted, [text for text in texts if text not in known])
