"""Plugins: those of others, and those that can't be loaded."""

from __future__ import annotations

from typing import Any

from ctc.plugin.manager import discover


def plugin_summary() -> dict[str, Any]:
    """How many are built in, which others there are, and which are broken or switched off, with the
    reason."""
    everything = discover()
    return {
        "built_in": sum(found.owner.is_built_in for found in everything.loaded),
        "guests": sorted(
            {str(found.owner) for found in everything.loaded if not found.owner.is_built_in}
        ),
        "broken": [str(skipped) for skipped in everything.broken],
        "off": [str(skipped) for skipped in everything.disabled],
    }
