"""Metadata segments of JPEG files: XMP, IPTC and EXIF."""
