"""A small camera-trap world of our own, to try everything on."""
