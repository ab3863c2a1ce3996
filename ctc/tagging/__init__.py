"""Keywords in sidecars and in copies of photos: `ctc tag`."""
