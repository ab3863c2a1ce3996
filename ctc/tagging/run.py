"""Keywords for all photos of a prediction file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import Failure
from ctc.errors import CtcError, UsageError, did_you_mean, reason
from ctc.reporting import Reporter, counted, hint_if_interrupted
from ctc.storage.ordered_map import map_in_order
from ctc.storage.paths import is_url
from ctc.storage.urls import redact_urls
from ctc.tagging.blur import classes_without_photo
from ctc.tagging.config import TagConfig
from ctc.tagging.keywords import Keywords, count_keywords, photo_keywords
from ctc.tagging.lineages import add_lineages
from ctc.tagging.places import Places, sidecar_of
from ctc.tagging.readers.source import choose_labels, read_source
from ctc.tagging.records import TaggedPhoto
from ctc.tagging.write import Outcome, TagJob

_PENDING = 4
"""Photos per thread that are under way."""


@dataclass(frozen=True)
class TagPlan:
    """Photos with their keywords, side by side, and where they go; `config` has the labels."""

    config: TagConfig
    photos: Sequence[TaggedPhoto]
    places: Places
    keywords: Sequence[Keywords]

    @property
    def counts(self) -> dict[str, int]:
        """Photos by keyword, the most frequent first."""
        return count_keywords(self.keywords)

    @property
    def without_keywords(self) -> int:
        """Photos that have none."""
        return sum(not one.paths for one in self.keywords)


@dataclass
class TagResult:
    """What was written: photos by state, those whose keywords are in a sidecar, blurred ones."""

    states: Counter[str] = field(default_factory=Counter)
    sidecars: int = 0
    blurred: int = 0
    failures: list[Failure] = field(default_factory=list)

    def add(self, photo: TaggedPhoto, outcome: Outcome) -> None:
        """Count a photo."""
        self.states[outcome.state] += 1
        self.sidecars += outcome.has_sidecar
        self.blurred += outcome.is_blurred
        if outcome.state == "failed":
            self.failures.append(Failure(redact_urls(photo.path), outcome.failure))


def plan_tags(config: TagConfig, labels: Sequence[str], reporter: Reporter) -> TagPlan:
    """Read what there is to tag, and decide what each photo gets, without writing.

    `labels`: LABEL or LABEL=ROOT, none for the first label. Raises CtcError if a file can't be
    read, or the outputs can't be where they should.
    """
    source = read_source(config.source, config.image_root, config.inventory)
    photos = source.photos
    chosen = replace(config, labels=choose_labels(photos, labels))
    _check_photos_there(photos)
    _add_lineages(photos, chosen, reporter)
    _check_classes(photos, chosen, reporter)
    places = Places.of(photos, chosen)
    if chosen.copy_to is None and chosen.sidecar_name == "photo.jpg.xmp":
        _warn_of_hidden_sidecars(photos, reporter)
    if source.failed:
        are = counted(source.failed, "photo that failed is", "photos that failed are")
        reporter.warn(f"{are} left out")
    keywords = [photo_keywords(one, chosen) for one in photos]
    return TagPlan(chosen, photos, places, keywords)


def write_tags(plan: TagPlan, reporter: Reporter) -> TagResult:
    """Write all photos; what is there and equal stays.

    Raises CtcError for a folder that can't be made, OSError for a full disk.
    """
    if plan.config.copy_to is not None:
        _make_folder(plan.config.copy_to)
    result = TagResult()
    jobs = (
        TagJob.of(photo, plan.places.place(photo), keywords, plan.config)
        for photo, keywords in zip(plan.photos, plan.keywords, strict=True)
    )
    threads = plan.config.threads
    hint = "what is written stays: run the same command again to go on"
    with (
        hint_if_interrupted(reporter, lambda: hint),
        reporter.progress("Tagging", len(plan.photos)) as bar,
        ThreadPoolExecutor(threads, "ctc-tag") as pool,
        closing(map_in_order(pool, _write, jobs, _PENDING * threads)) as outcomes,
    ):
        for photo, outcome in outcomes:
            result.add(photo, outcome)
            bar.advance(1, outcome.state == "failed")
    return result


def _write(job: TagJob) -> tuple[TaggedPhoto, Outcome]:
    return job.photo, job.run()


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = "it is a file" if isinstance(error, FileExistsError) else reason(error)
        raise CtcError(f"'{path}' can't be written: {why}; choose another --copy-to") from None


def _check_photos_there(photos: Sequence[TaggedPhoto]) -> None:
    """Raise UsageError if no photo is where the file says."""
    if not any(is_url(one.path) or Path(one.path).exists() for one in photos):
        raise UsageError(
            f"no photo is there, such as '{photos[0].path}': name the folder that the paths start"
            " from with --image-root"
        )


def _add_lineages(photos: Sequence[TaggedPhoto], config: TagConfig, reporter: Reporter) -> None:
    if config.taxonomy is not None:
        label = next(iter(config.labels), "")
        for note in add_lineages(photos, config.taxonomy, label):
            reporter.warn(note)


def _check_classes(photos: Sequence[TaggedPhoto], config: TagConfig, reporter: Reporter) -> None:
    """Warn of people and vehicles to blur that no photo has; raise UsageError for other classes,
    whose names may be misspelt."""
    known = {one.name for photo in photos for one in photo.answers}
    known |= {box.category for photo in photos for box in photo.boxes if box.category}
    for name in classes_without_photo(photos, config.blur):
        if observation_type(name) == "animal":
            raise UsageError(f"no photo has the class '{name}' to blur{did_you_mean(name, known)}")
        reporter.warn(f"no photo has the class '{name}': nothing is blurred for it")
    if config.blur and not any(photo.boxes for photo in photos):
        reporter.warn(
            "the source has no boxes: photos are blurred as a whole, and people beside animals not"
            " at all; predict with --detector, as .json or with --per-box"
        )


def _warn_of_hidden_sidecars(photos: Sequence[TaggedPhoto], reporter: Reporter) -> None:
    """Warn of sidecars called as Adobe calls them, for which digiKam overlooks the others."""
    paths = (sidecar_of(one.path, "photo.xmp") for one in photos)
    others = [path for path in paths if Path(path).exists()]
    if others:
        reporter.warn(
            f"{len(others):,} photos have a sidecar such as '{others[0]}', and digiKam reads only"
            " that: add --sidecar-name photo.xmp"
        )
