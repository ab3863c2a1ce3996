"""Print what extras of setup.cfg require, one requirement a line, for `pip install --requirement`.

    python .ci/requirements.py cpu,data,serve

The Dockerfiles install these before they copy the sources, so that a change of the sources does not
download everything again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

SETUP = Path(__file__).resolve().parents[1] / "setup.cfg"
_OWN_EXTRAS = re.compile(r"camera-trap-classifier\[(.*)\]")


def requirements(extras: list[str], setup: Path = SETUP) -> list[str]:
    """Return the requirements of ctc with these extras, in the order of setup.cfg."""
    config = ConfigParser()
    config.read(setup, encoding="utf-8")
    found = _lines(config["options"]["install_requires"])
    for extra in extras:
        found += _of_extra(config, extra)
    return list(dict.fromkeys(found))


def _of_extra(config: ConfigParser, extra: str) -> Iterator[str]:
    for line in _lines(config["options.extras_require"][extra]):
        own = _OWN_EXTRAS.fullmatch(line)
        if own:
            for nested in own[1].split(","):
                yield from _of_extra(config, nested)
        else:
            yield line


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1].split(","))))
