"""The version, in its one place."""

__version__ = "3.0.0.dev0"
