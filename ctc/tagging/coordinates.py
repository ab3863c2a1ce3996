"""Removal of coordinates from the metadata of a JPEG."""

from __future__ import annotations

from ctc.errors import ImageError, InputError
from ctc.tagging.jpeg.exif import without_coordinates
from ctc.tagging.jpeg.segments import APP1, EXIF, EXTENDED_XMP, XMP, read_segments
from ctc.tagging.xmp.packet import XmpPacket

_EXIF_NAMESPACE = "http://ns.adobe.com/exif/1.0/"
_NAMES = (
    *("VersionID", "Latitude", "Longitude", "AltitudeRef", "Altitude", "TimeStamp", "Satellites"),
    *("Status", "MeasureMode", "DOP", "SpeedRef", "Speed", "TrackRef", "Track", "MapDatum"),
    *("ImgDirectionRef", "ImgDirection", "DestLatitude", "DestLongitude", "DestBearingRef"),
    *("DestBearing", "DestDistanceRef", "DestDistance", "ProcessingMethod", "AreaInformation"),
    *("Differential", "HPositioningError"),
)
"""Properties of XMP as EXIF has them, without 'GPS'."""


def remove_coordinates(data: bytes) -> bytes:
    """Return a JPEG without EXIF's GPS directory and without the same in XMP.

    Raises ImageError for another kind, and for metadata that can't be followed.
    """
    file = read_segments(data)
    if file is None:
        raise ImageError("coordinates can be removed from sound JPEGs only")
    bodies = []
    for one in file.find(APP1, EXIF):
        tiff = without_coordinates(one.body.removeprefix(EXIF))
        if tiff is None:
            raise ImageError("its EXIF data are damaged, so its coordinates can't be removed")
        bodies.append(EXIF + tiff)
    xmp = [XMP + remove_from_xmp(one.body.removeprefix(XMP)) for one in file.find(APP1, XMP)]
    if any(b"GPSLatitude" in one.body for one in file.find(APP1, EXTENDED_XMP)):
        raise ImageError("its XMP data are too long to remove its coordinates")
    return file.replaced(APP1, EXIF, bodies).replaced(APP1, XMP, xmp).to_bytes()


def remove_from_xmp(xmp: bytes) -> bytes:
    """Return an XMP packet without coordinates; raises ImageError if it can't be read."""
    try:
        packet = XmpPacket(xmp)
    except InputError as error:
        raise ImageError(str(error)) from None
    removed = [packet.remove(_EXIF_NAMESPACE, f"GPS{name}") for name in _NAMES]
    return packet.to_bytes() if any(removed) else xmp
