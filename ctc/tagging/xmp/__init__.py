"""Keywords and regions in XMP packets (ISO 16684-1)."""
