"""The door: `ctc`, a lazy group with one thin file per command. Importing this imports click and
nothing heavy."""

from ctc.cli.main import main

__all__ = ["main"]
