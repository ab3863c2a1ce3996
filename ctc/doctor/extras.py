"""Installed extras, from the metadata of distributions: nothing is imported."""

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
"""Other distributions of the same package."""

_REQUIREMENT = re.compile(
    r"""([\w.-]+)(?:\[(.*?)\])?.*?(?:sys_platform\s*==\s*["'](\w+)["'].*)?extra\s*==\s*["']([\w-]+)["']"""
)


@dataclass(frozen=True)
class Extra:
    """An extra and its distributions on this system.

    `packages`: per distribution its version, None where it isn't installed.
    """

    name: str
    packages: Mapping[str, str | None]

    @property
    def missing(self) -> tuple[str, ...]:
        """The distributions that are not installed."""
        return tuple(name for name, found in self.packages.items() if found is None)


@dataclass(frozen=True)
class _Requirement:
    """One distribution of `extra`; where it is ctc itself, all distributions of other `extras`."""

    name: str
    extras: tuple[str, ...]
    extra: str


def extras(lines: Sequence[str] | None = None) -> list[Extra]:
    """Return the extras for users that exist on this system, in the order of setup.cfg.

    `lines`: the requirements, by default those that ctc was installed with; there are none when it
    was not installed.
    """
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
    """Return the version of a distribution, or of another one of the same package."""
    for name in (distribution, *ALTERNATIVE_DISTRIBUTIONS.get(distribution, ())):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def installed_packages() -> dict[str, str]:
    """Return the installed distributions of all extras, with their versions."""
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
    """Return the distributions of an extra as an ordered set."""
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
