"""Command line `ctc`: a lazy group with one thin file or folder per command.

Importing this package imports click, and no heavy package.
"""

from ctc.cli.main import main

__all__ = ["main"]
