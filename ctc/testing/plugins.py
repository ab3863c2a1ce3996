"""What every plugin keeps to while it is loaded, as one check: `check_plugin`."""

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
print(json.dumps([[one.record.name for one in found.loaded], [skipped.reason for skipped in found.broken]]))
"""


def check_plugin(module: str) -> None:
    """Raise AssertionError when a plugin doesn't load as it should: its hooks give records, in
    silence, and import nothing heavy.

    `module`: as an entry point names it ("my_package.median"). It is loaded in a fresh interpreter,
    which takes half a second."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _LOAD_SCRIPT, module]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    told = " ".join(done.stderr.split())
    expect(done.returncode == 0, f"'{module}' can't be loaded: {told[-500:]}")
    names, broken = json.loads(done.stdout)
    expect(not broken, f"'{module}' is skipped when it is loaded: {''.join(broken)}")
    expect(not told, f"'{module}' is not silent while it is loaded: {told}")
    expect(bool(names), f"the hooks of '{module}' gave no record")
