"""README.md of a Camtrap DP package: what it holds, and what only its authors can fill in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ctc.images.metadata.camera_clock import WHAT
from ctc.plugin import OutputContext
from ctc.reporting import counted

from .columns import VERSION
from .deployment_table import DeploymentTable
from .deployments import Deployment, Deployments
from .descriptor import is_review

MAX_LISTED = 10

_README = """\
# Camera trap observations by {observers}

Camtrap DP {version}, written by ctc {created}. {source}

- `scientificName` holds {names}.
- `filePath` starts in the folder `{root}`. A photo that is not below it has a URL.
- A deployment is what the table of events calls `deploymentID` or `location`, \
else the folder of its photos.
- {times}
{notes}
## To fill in before it is published

{gaps}
- `datapackage.json`: `contributors`, `project` (the sampling design and the capture \
method there are guesses), `licenses`.
"""
_MACHINE_ALONE = "Every observation is what the model `{model}` says; none was checked by a person."
_REVIEWED = """\
Observations are what people say of an event (`classificationMethod` human), or the model \
`{model}` (machine). A photo has observations of its own only where it is an event."""
_FROM_PHOTOS = "`deploymentStart` and `deploymentEnd` are the first and the last photo's times."
_FROM_TABLE = "The deployments are those of `{table}`, also those without photos."


@dataclass(frozen=True)
class Gaps:
    """Values that the standard requires and that are unknown.

    `without_time`: the number of clips (True) and photos without a time.
    """

    deployments: Deployments
    without_time: Mapping[bool, int]

    def lines(self) -> list[str]:
        """Return a sentence for each gap; none when the package is complete."""
        return [*self._places(), *self._times(), *self._unlisted(), *self._unusable()]

    def _places(self) -> Iterator[str]:
        lacking = [one for one in self.deployments if not one.coordinates]
        if lacking:
            yield (
                f"`deployments.csv`: `latitude` and `longitude` of "
                f"{counted(len(lacking), 'deployment')}, for which neither the photos nor the "
                "tables of events and deployments have degrees that can be read "
                f"({_listed(lacking)})"
            )

    def _times(self) -> Iterator[str]:
        if self.without_time:
            photos, clips = (self.without_time.get(is_clip, 0) for is_clip in (False, True))
            named = (counted(photos, "photo"), photos), (counted(clips, "clip"), clips)
            what = " and ".join(text for text, count in named if count)
            yield (
                f"`media.csv`: `timestamp` of {what} without a time of the camera, and the times "
                "that follow from it in `deployments.csv`, `observations.csv` and "
                "`datapackage.json`"
            )

    def _unlisted(self) -> Iterator[str]:
        table = self.deployments.table
        lacking = [one for one in self.deployments if one.listed is None]
        if table is not None and lacking:
            yield (
                f"`deployments.csv`: start and end of {counted(len(lacking), 'deployment')} that "
                f"`{table.name}` doesn't list are those of the photos ({_listed(lacking)})"
            )

    def _unusable(self) -> Iterator[str]:
        table = self.deployments.table
        for column, count in table.unusable.items() if table is not None else ():
            if count:
                yield (
                    f"`deployments.csv`: `{column}` of {counted(count, 'deployment')}, where the "
                    "table has what the standard doesn't allow"
                )


def deployment_notes(deployments: Deployments) -> tuple[str, ...]:
    """Return what a reader of the package must know of its deployments."""
    table, found = deployments.table, list(deployments)
    of_table = () if table is None else _notes(table, found)
    return (*of_table, *_wrong_times(found))


def _wrong_times(deployments: Sequence[Deployment]) -> Iterator[str]:
    wrong = [one for one in deployments if one.wrong]
    if wrong:
        have = counted(sum(one.wrong for one in wrong), "photo has", "photos have")
        yield (
            f"{have} a time that is {WHAT}, in {counted(len(wrong), 'deployment')} "
            f"({_listed(wrong)}): timestampIssues is true, and start and end are those of the "
            "other photos, if there are any"
        )


def correction_notes(deployments: Deployments) -> tuple[str, ...]:
    """Return a note about clocks that were corrected, if there are any."""
    corrected = [one for one in deployments if one.corrected]
    if not corrected:
        return ()
    count = counted(sum(one.corrected for one in corrected), "photo")
    return (
        (
            f"the clock of {counted(len(corrected), 'deployment')} was corrected "
            f"({_listed(corrected)}): the times of {count} are right, and what the camera showed "
            "is in mediaComments"
        ),
    )


def _notes(table: DeploymentTable, deployments: Sequence[Deployment]) -> Iterator[str]:
    outside = [one for one in deployments if one.outside]
    if outside:
        count = counted(sum(one.outside for one in outside), "photo was", "photos were")
        yield (
            f"{count} taken before the start or after the end of "
            f"{counted(len(outside), 'deployment')} ({_listed(outside)}): timestampIssues is true"
        )
    empty = [one for one in deployments if not one.photos]
    if empty:
        have = counted(len(empty), "deployment has", "deployments have")
        yield f"{have} no photos ({_listed(empty)})"
    if table.beyond:
        columns = ", ".join(f"`{name}`" for name in table.beyond)
        yield f"columns of `{table.name}` that the standard doesn't have were left out: {columns}"


def failure_notes(failures: int) -> tuple[str, ...]:
    """Return a note about photos that failed, if there are any."""
    if not failures:
        return ()
    count = counted(failures, "photo or event", "photos or events")
    return (f"{count} failed, and the package is without them: see the list of failures",)


def readme(context: OutputContext, gaps: Gaps, has_taxonomy: bool) -> str:
    """Return the text of README.md."""
    is_reviewed, table = is_review(context), gaps.deployments.table
    source = _REVIEWED if is_reviewed else _MACHINE_ALONE
    return _README.format(
        version=VERSION,
        observers="people and a machine" if is_reviewed else "a machine",
        source=source.format(model=context.model),
        created=f"on {context.created:%Y-%m-%d}",
        root=context.image_root.name or context.image_root.as_posix(),
        names="the names of the taxonomy, else the model's classes as they are called there"
        if has_taxonomy
        else "the model's classes as they are called there",
        times=_FROM_PHOTOS if table is None else _FROM_TABLE.format(table=table.name),
        notes="".join(f"- Note: {note}.\n" for note in context.notes),
        gaps="\n".join(f"- {line}." for line in gaps.lines())
        or "- Nothing that the standard requires is missing.",
    )


def _listed(deployments: Collection[Deployment]) -> str:
    names = [f"`{one.id}`" for one in deployments]
    return ", ".join([*names[:MAX_LISTED], *(["…"] if len(names) > MAX_LISTED else [])])
