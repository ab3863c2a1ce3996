"""The installed plugins, found in the metadata of distributions without importing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, distributions

from ctc.errors import PluginError
from ctc.plugin.hookspecs import ENTRY_POINT_GROUP

OUR_DISTRIBUTION = "camera-trap-classifier"
UNNAMED = "an unnamed distribution"
ENABLED_VARIABLE, DISABLED_VARIABLE, STRICT_VARIABLE = (
    "CTC_PLUGINS",
    "CTC_DISABLE_PLUGINS",
    "CTC_STRICT_PLUGINS",
)


@dataclass(frozen=True, order=True)
class Owner:
    """The entry point and the distribution that a plugin comes from."""

    entry_point: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"'{self.entry_point}' of {self.distribution} {self.version}".rstrip()

    @property
    def is_built_in(self) -> bool:
        return self.distribution == OUR_DISTRIBUTION


@dataclass(frozen=True)
class SkippedPlugin:
    """An installed plugin that is not used, with the reason.

    `kind`, `record`: the only one of its records that is not used ('loader', 'fast'), or ''.
    """

    owner: Owner
    reason: str
    kind: str = ""
    record: str = ""

    def __str__(self) -> str:
        return f"{self.subject} was skipped: {self.reason}"

    @property
    def subject(self) -> str:
        """The plugin, and its record if only that is not used, for messages."""
        return f"plugin {self.owner}" + (f": its {self.kind} '{self.record}'" if self.kind else "")

    def is_called(self, kind: str, name: str) -> bool:
        """Return whether a user who asks for `name`, of that kind, means this plugin."""
        if self.kind:
            return (self.kind, self.record) == (kind, name)
        return name in (self.owner.entry_point, self.owner.distribution)


def get_owner(point: EntryPoint) -> Owner:
    """Return the owner of an entry point, even if the metadata of its distribution are damaged."""
    distribution, version = _name_and_version(point.dist)
    return Owner(point.name, distribution, version)


def iter_entry_points() -> Iterator[EntryPoint | SkippedPlugin]:
    """Yield every entry point of the group `ctc`.

    A distribution whose list of entry points can't be read gives a SkippedPlugin. Of two
    distributions with the same name, only the first on `sys.path` counts, as for imports.
    """
    seen = set()
    for distribution in distributions():
        if f"[{ENTRY_POINT_GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
            continue
        name, version = _name_and_version(distribution)
        if name in seen:
            continue
        seen.add(name)
        try:
            yield from distribution.entry_points.select(group=ENTRY_POINT_GROUP)
        # importlib.metadata raises these for a damaged list
        except (TypeError, ValueError, AttributeError) as error:
            yield SkippedPlugin(Owner("entry_points.txt", name, version), describe_error(error))


def disabled_reason(owner: Owner, environ: Mapping[str, str]) -> str | None:
    """Return why the environment disables this plugin, or None.

    The variables name entry points or distributions.
    """
    names = {owner.entry_point, owner.distribution}
    if names & _split_names(environ.get(DISABLED_VARIABLE, "")):
        return f"{DISABLED_VARIABLE} disables it"
    if (
        not owner.is_built_in
        and ENABLED_VARIABLE in environ
        and not names & _split_names(environ[ENABLED_VARIABLE])
    ):
        return f"{ENABLED_VARIABLE} doesn't list it"
    return None


def describe_error(error: BaseException) -> str:
    """Return one line that describes the error of a plugin."""
    text = " ".join(str(error).split())
    return (
        text
        if isinstance(error, PluginError)
        else f"{type(error).__name__}: {text}".removesuffix(": ")
    )


def _split_names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


@cache  # parsing takes 2 ms, and all entry points of a distribution have the same object
def _name_and_version(distribution: Distribution | None) -> tuple[str, str]:
    if distribution is None:
        return UNNAMED, ""
    try:
        metadata = distribution.metadata
        return metadata["Name"] or UNNAMED, metadata["Version"] or ""
    except Exception:  # METADATA is missing or damaged; Python versions raise different errors
        return UNNAMED, ""
