"""Contract check of the loading of a plugin: `check_plugin`."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ctc.testing.expect import expect

_LOAD_SCRIPT = """
import json, sys
from importlib.metadata import EntryPoint
from ctc.plugin.manager import discover
found = discover([EntryPoint("plugin", sys.argv[1], "ctc")], {})
names = [one.record.name for one in found.loaded]
print(json.dumps([names, [skipped.reason for skipped in found.broken]]))
"""


def check_plugin(module: str) -> None:
    """Raise AssertionError if a plugin doesn't load cleanly.

    Its hooks must return records, print nothing, and import nothing heavy. `module`: as the entry
    point names it ("my_package.median"). It is loaded in a fresh interpreter, which takes half a
    second.
    """
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _LOAD_SCRIPT, module]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    printed = " ".join(done.stderr.split())
    expect(done.returncode == 0, f"'{module}' can't be loaded: {printed[-500:]}")
    names, broken = json.loads(done.stdout)
    expect(not broken, f"'{module}' is skipped: {''.join(broken)}")
    expect(not printed, f"'{module}' prints something while it is loaded: {printed}")
    expect(bool(names), f"the hooks of '{module}' returned no record")
