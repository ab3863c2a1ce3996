"""Installed third-party plugins, and plugins that can't be loaded."""

from __future__ import annotations

from typing import Any

from ctc.plugin.manager import discover


def plugin_summary() -> dict[str, Any]:
    """Return the number of built-in plugins and the names of all others.

    `guests`: third-party plugins; `broken` and `off`: with the reason.
    """
    found = discover()
    return {
        "built_in": sum(plugin.owner.is_built_in for plugin in found.loaded),
        "guests": sorted(
            {str(plugin.owner) for plugin in found.loaded if not plugin.owner.is_built_in}
        ),
        "broken": [str(skipped) for skipped in found.broken],
        "off": [str(skipped) for skipped in found.disabled],
    }
