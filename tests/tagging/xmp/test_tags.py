"""Keywords in XMP packets: ctc's own are replaced, all else stays."""

from __future__ import annotations

import pytest

from ctc.errors import InputError
from ctc.tagging.keywords import Keywords
from ctc.tagging.xmp.packet import XmpPacket
from ctc.tagging.xmp.tags import HIERARCHICAL, SUBJECT, TAGS_LIST, apply_keywords

FOX, DEER = Keywords((("Species", "fox"),)), Keywords((("Species", "deer"),))
OF_DIGIKAM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:own="http://example.org/&amp;/" xmp:Rating="4" own:note="a&#10;b &lt; &quot;c&quot;">
   <!-- kept -->
   <digiKam:TagsList><rdf:Seq><rdf:li>Place/Alps</rdf:li></rdf:Seq></digiKam:TagsList>
   <dc:subject><rdf:Bag><rdf:li>Alps</rdf:li><rdf:li>fox</rdf:li></rdf:Bag></dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def applied(data: bytes | None, *keywords: Keywords) -> XmpPacket:
    packet = XmpPacket() if data is None else XmpPacket(data)
    for one in keywords:
        apply_keywords(packet, one)
        packet = XmpPacket(packet.to_bytes())
    return packet


def test_apply_keywords_to_a_new_packet() -> None:
    packet = applied(None, FOX)
    found = [packet.items(one) for one in (SUBJECT, HIERARCHICAL, TAGS_LIST)]
    assert found == [["fox"], ["Species|fox"], ["Species/fox"]]


def test_apply_keywords_twice_changes_nothing() -> None:
    assert applied(None, FOX, FOX).to_bytes() == applied(None, FOX).to_bytes()


def test_apply_keywords_replaces_those_of_an_earlier_run() -> None:
    packet = applied(None, FOX, DEER)
    found = [packet.items(one) for one in (SUBJECT, HIERARCHICAL, TAGS_LIST)]
    assert found == [["deer"], ["Species|deer"], ["Species/deer"]]


def test_apply_keywords_keeps_a_keyword_that_a_person_gave_before() -> None:
    packet = applied(OF_DIGIKAM, FOX, DEER)
    assert packet.items(SUBJECT) == ["Alps", "fox", "deer"]
    assert packet.items(TAGS_LIST) == ["Place/Alps", "Species/deer"]


def test_apply_no_keywords_takes_back_those_of_an_earlier_run() -> None:
    assert applied(OF_DIGIKAM, DEER, Keywords()).to_bytes() == XmpPacket(OF_DIGIKAM).to_bytes()


def test_apply_keywords_keeps_everything_else() -> None:
    text = applied(OF_DIGIKAM, DEER).to_bytes().decode()
    assert 'xmp:Rating="4"' in text
    assert 'own:note="a&#10;b &lt; &quot;c&quot;"' in text
    assert "<!-- kept -->" in text
    assert 'x:xmptk="XMP Core 4.4.0-Exiv2"' in text


def test_apply_keywords_takes_a_single_text_for_a_list() -> None:
    text = OF_DIGIKAM.replace(b"<rdf:Bag><rdf:li>Alps</rdf:li><rdf:li>fox</rdf:li></rdf:Bag>", b"x")
    assert applied(text, FOX).items(SUBJECT) == ["x", "fox"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "can't be read as XML"),
        (b"<x:xmpmeta", "can't be read as XML"),
        (b"<a/>", "have no rdf:RDF"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "are no RDF"),
    ],
)
def test_packet_that_is_none(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        XmpPacket(data)


def test_packet_in_utf16() -> None:
    assert applied(OF_DIGIKAM.decode().encode("utf-16"), DEER).items(SUBJECT)[-1] == "deer"
