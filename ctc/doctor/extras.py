"""Installed extras, from the metadata of distributions: nothing is imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

DISTRIBUTION = "camera-trap-classifier"
DEVELOPER_EXTRAS = ("docs", "test")
CORE = "core"
"""Stands for the requirements without any extra."""
ALTERNATIVE_DISTRIBUTIONS = {
    "tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tensorflow-rocm"),
    "opencv-python-headless": (
        "opencv-python",
        "opencv-contrib-python-headless",
        "opencv-contrib-python",
    ),
}
"""Other distributions of the same package."""

_NAME = re.compile(r"([\w.-]+)(?:\[(.*?)\])?")
_SYSTEM = re.compile(r"""sys_platform\s*==\s*["'](\w+)["']""")
_EXTRA = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")


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
    """A requirement `name[extras]` of the extra `extra`, which is CORE for none."""

    name: str
    extras: tuple[str, ...]
    extra: str


def core_packages(lines: Sequence[str] | None = None) -> Extra:
    """Return the distributions that every command needs; see `extras`."""
    found = list(_parse_requirements(_requirements() if lines is None else lines))
    names = (one.name for one in found if one.extra == CORE)
    return Extra(CORE, {name: installed_version(name) for name in names})


def extras(lines: Sequence[str] | None = None) -> list[Extra]:
    """Return the extras for users that exist on this system, in the order of setup.cfg.

    `lines`: the requirements, by default those that ctc was installed with; there are none when it
    was not installed.
    """
    found = _parse_requirements(_requirements() if lines is None else lines)
    wanted = [one for one in found if one.extra not in (CORE, *DEVELOPER_EXTRAS)]
    names = dict.fromkeys(one.extra for one in wanted)
    return [
        Extra(
            name, {package: _package_version(package) for package in _extra_packages(name, wanted)}
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
    """Return the installed distributions that ctc names as requirements, with their versions."""
    found = {
        name: version
        for extra in (core_packages(), *extras())
        for name, version in extra.packages.items()
        if version
    }
    return dict(sorted(found.items()))


def _requirements() -> list[str]:
    try:
        return requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []


def _parse_requirements(lines: Sequence[str]) -> Iterator[_Requirement]:
    for line in lines:
        requirement, _, marker = line.partition(";")
        name, system, extra = (
            _NAME.match(requirement),
            _SYSTEM.search(marker),
            _EXTRA.search(marker),
        )
        if name and (system is None or system[1] == sys.platform):
            extras = tuple(filter(None, (name[2] or "").split(",")))
            yield _Requirement(name[1], extras, extra[1] if extra else CORE)


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
            for nested in one.extras:
                packages |= dict.fromkeys(_foreign_packages(one.name, nested))
    return packages


def _foreign_packages(distribution: str, extra: str) -> list[str]:
    """Return the distributions of an extra of another project, such as `tensorflow[and-cuda]`.

    If what is installed in its place lacks the extra, the extra stands for them; if nothing is
    installed, there are none to name.
    """
    if installed_version(distribution) is None:
        return []
    try:
        lines = requires(distribution) or []
    except PackageNotFoundError:
        lines = []
    found = [one.name for one in _parse_requirements(lines) if one.extra == extra]
    return found or [f"{distribution}[{extra}]"]


def _package_version(package: str) -> str | None:
    return None if "[" in package else installed_version(package)
