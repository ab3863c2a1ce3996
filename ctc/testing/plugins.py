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
from ctc.plugin.entry_points import SkippedPlugin, get_owner, iter_entry_points
from ctc.plugin.heavy_imports import HEAVY_PACKAGES
from ctc.plugin.manager import discover

module, imported = sys.argv[1], []

class HeavyImports:
    def find_spec(name, path=None, target=None):
        if name in HEAVY_PACKAGES and name not in imported:
            imported.append(name)
        if name in HEAVY_PACKAGES:
            raise ModuleNotFoundError(f"import of {name} halted", name=name)

built_ins = [
    point for point in iter_entry_points()
    if not isinstance(point, SkippedPlugin)
    and get_owner(point).is_built_in and point.module != module.partition(":")[0]
]
discover(built_ins, {})
sys.meta_path.insert(0, HeavyImports)
found = discover([*built_ins, EntryPoint("plugin", module, "ctc")], {})
mine = [one for one in found.loaded if one.owner.entry_point == "plugin"]
broken = [str(one) for one in found.broken if one.owner.entry_point == "plugin"]
print(json.dumps([[one.record.name for one in mine], broken, imported]))
"""


def check_plugin(module: str) -> None:
    """Raise AssertionError if a plugin doesn't load cleanly beside the built-in ones.

    Its hooks must return records with names and options that are free, print nothing, and import
    nothing heavy, which is tried without waiting for such an import. `module`: as the entry point
    names it ("my_package.median"). It is loaded in a fresh interpreter, which takes a second.
    """
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _LOAD_SCRIPT, module]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    printed = " ".join(done.stderr.split())
    expect(done.returncode == 0, f"'{module}' can't be loaded: {printed[-500:]}")
    names, broken, imported = json.loads(done.stdout)
    expect(
        not imported,
        f"'{module}' imports '{''.join(imported[:1])}' when it is loaded, which every command would"
        " wait for: import it inside the functions that need it",
    )
    expect(not broken, f"'{module}' is skipped: {''.join(broken[:1]).partition(': ')[2]}")
    expect(not printed, f"'{module}' prints something while it is loaded: {printed}")
    expect(bool(names), f"the hooks of '{module}' returned no record")
