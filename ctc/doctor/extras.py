"""Which extras of ctc are installed: by the metadata of distributions alone, nothing is
imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

DISTRIBUTION = "camera-trap-classifier"
DEVELOPER_EXTRAS = ("docs", "test")
ALTERNATIVE_DISTRIBUTIONS = {
    "tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tensorflow-rocm")
}
"""Other distributions that bring the same package."""

_REQUIREMENT = re.compile(
    r"""([\w.-]+)(?:\[(.*?)\])?.*?(?:sys_platform\s*==\s*["'](\w+)["'].*)?extra\s*==\s*["']([\w-]+)["']"""
)


@dataclass(frozen=True)
class Extra:
    """`packages`: each distribution that it brings on this system → its version, None where it
    isn't installed."""

    name: str
    packages: Mapping[str, str | None]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name, found in self.packages.items() if found is None)


@dataclass(frozen=True)
class _Requirement:
    """One distribution of an `extra`; where that is ctc itself, what these other `extras` bring."""

    name: str
    extras: tuple[str, ...]
    extra: str


def extras(lines: Sequence[str] | None = None) -> list[Extra]:
    """Those for users that there are on this system, in the order of setup.cfg. `lines`: the
    requirements, by default those that ctc was installed with; none when it was not installed at
    all."""
    found = _parse_requirements(_requirements() if lines is None else lines)
    wanted = [one for one in found if one.extra not in DEVELOPER_EXTRAS]
    names = dict.fromkeys(one.extra for one in wanted)
    return [
        Extra(
            name, {package: installed_version(package) for package in _extra_packages(name, wanted)}
        )
        for name in names
    ]


def installed_version(distribution: str) -> str | None:
    """Of the distribution, or of one that brings the same package."""
    for name in (distribution, *ALTERNATIVE_DISTRIBUTIONS.get(distribution, ())):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def installed_packages() -> dict[str, str]:
    """What the extras brought, and its version."""
    found = {
        name: version for extra in extras() for name, version in extra.packages.items() if version
    }
    return dict(sorted(found.items()))


def _requirements() -> list[str]:
    try:
        return requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []


def _parse_requirements(lines: Sequence[str]) -> Iterator[_Requirement]:
    for line in lines:
        match = _REQUIREMENT.match(line)
        if match and match[3] in (None, sys.platform):
            yield _Requirement(match[1], tuple((match[2] or "").split(",")), match[4])


def _extra_packages(extra: str, requirements: Sequence[_Requirement]) -> dict[str, None]:
    """Ordered, each once."""
    packages: dict[str, None] = {}
    for one in requirements:
        if one.extra == extra and one.name == DISTRIBUTION:
            packages |= {
                name: None
                for nested in one.extras
                for name in _extra_packages(nested, requirements)
            }
        elif one.extra == extra:
            packages[one.name] = None
    return packages
