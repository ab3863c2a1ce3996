"""constraints.txt, used by `make` and the Dockerfiles, pins every requirement of setup.cfg."""

from __future__ import annotations

import configparser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

CHECKOUT = Path(__file__).resolve().parents[2]
OWN = "camera-trap-classifier"
# the pins of GPUs are those of CUDA 12, which one environment can't hold beside CUDA 13
NOT_PINNED = {"benchmark", "dali-cuda13", "gpu-cuda13", "jax-cuda13"}


def asked_for() -> list[Requirement]:
    found = configparser.ConfigParser()
    found.read_string((CHECKOUT / "setup.cfg").read_text())
    extras = found["options.extras_require"]
    lists = [
        found["options"]["install_requires"],
        *(extras[name] for name in extras if name not in NOT_PINNED),
    ]
    lines = [
        line for text in lists for line in text.splitlines() if line and not line.startswith("#")
    ]
    return [one for one in map(Requirement, lines) if one.name != OWN]


def test_constraints_pin_every_requirement_in_range() -> None:
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    pinned: dict[str, list[SpecifierSet]] = {}
    for pin in pins:
        pinned.setdefault(pin.name, []).append(pin.specifier)
    for one in asked_for():
        assert one.name in pinned, f"run `make constraints`: {one} is not pinned"
        versions = [str(pin).removeprefix("==") for pin in pinned[one.name]]
        assert any(one.specifier.contains(version) for version in versions), (
            f"run `make constraints`: {one}, {versions}"
        )
