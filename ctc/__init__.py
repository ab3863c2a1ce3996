"""The camera-trap classifier: labelled photos in, one model file and predictions out."""

from ctc._version import __version__

__all__ = ["__version__"]
