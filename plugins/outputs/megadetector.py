"""MegaDetector's batch output 1.6, which Timelapse opens.

Format: https://lila.science/megadetector-output-format

A photo whose most probable class is an empty one (`blank`, `empty`, …) has no detections. Any other
has one, around the whole photo: its `conf` is the probability that the photo is not empty, its
category that of the most probable class, and its `classifications` are the classes that are not
empty, down to a probability of 0.0001.

A photo of a run with a detector (`ctc predict --detector`) has its boxes, the surest first: `conf`
and `bbox` are the detector's, and the `classifications` those of the animal in the box. One that
`--repeats` set aside has a `repeat`, true, and no `classifications`.

Where `ctc predict --roll-up` answers an event with a taxon, its photos or boxes whose most probable
class belongs to it have the taxon as the first of their `classifications`, with the sum of the
classes. All taxa that may be answered are among the `classification_categories`.

Answers of people (`ctc review export`) are `classifications` with probability 1. A box in which a
person saw nothing stays, with their empty class; a photo of an event with something, but no box in
any of its photos, has a detection around the whole photo.

Timelapse keeps the class with the highest probability of each detection, of equal ones the last. So
a class that has all of its taxon's probability is left out. It takes a file for one of AddaxAI, and
warns, if the class with the id 0 has the name of a category: another is first, if there is any.

The frames of a clip are one entry, see `ctc.images.clips.video_entries`.

For a multi-label label a photo has a detection for each category that is present: its
`classifications` are the present classes of that category, its `conf` the highest of their
probabilities. Where no class is present, not even an empty one, it has one detection of category
`animal` with all classes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.artifacts.taxonomy import (
    RANKS,
    Taxonomy,
    animal_lineages,
    lineages,
    speciesnet_label,
    taxa_by_name,
)
from ctc.images.clips.video_entries import unite_frames
from ctc.plugin import OutputContext, OutputFormat, hookimpl

from .label_option import LABEL, selected_label
from .megadetector_photos import ImageEntryBuilder

CATEGORY_NAMES = {"1": "animal", "2": "person", "3": "vehicle"}
NO_DETECTOR = "none (whole photos)"


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "MegaDetector's batch output 1.6, which Timelapse opens"
    return [OutputFormat("megadetector", summary, (".megadetector.json",), write, options=(LABEL,))]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write photo by photo, in the order of the input.

    Raises UsageError for a label that the model doesn't have.
    """
    label = selected_label(context)
    classes = sorted(context.labels[label], key=lambda name: name in CATEGORY_NAMES.values())
    ids = {name: str(number) for number, name in enumerate(classes)}
    taxa = _rolled_up_taxa(label, context)
    for number, (_, name) in enumerate(taxa, len(ids)):
        ids.setdefault(name, str(number))
    describe = ImageEntryBuilder(label, ids, context.image_root, taxa)
    # backslashreplace: what is not Unicode in a file name becomes a JSON escape
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        head = json.dumps(_header(label, context, ids), ensure_ascii=False, indent=1)
        file.write(f'{head.removesuffix("}").rstrip()},\n "images": [')
        found = map(describe.image_entries, entries)
        for number, photo in enumerate(unite_frames(found)):
            entry = json.dumps(photo, ensure_ascii=False, allow_nan=False)
            file.write(f"{',' if number else ''}\n  {entry}")
        file.write("\n ]\n}\n")


def _header(label: str, context: OutputContext, ids: Mapping[str, str]) -> dict[str, Any]:
    time = f"{context.created:%Y-%m-%d %H:%M:%S}"
    return {
        "info": {
            "format_version": "1.6",
            "detector": context.settings.get("detector", NO_DETECTOR),
            "detection_completion_time": time,
            "classifier": context.model,
            "classification_completion_time": time,
            **({"classifier_metadata": {"notes": list(context.notes)}} if context.notes else {}),
        },
        "detection_categories": CATEGORY_NAMES,
        "classification_categories": {number: name for name, number in ids.items()},
        **_descriptions(label, context, ids),
    }


def _descriptions(label: str, context: OutputContext, ids: Mapping[str, str]) -> dict[str, Any]:
    """Return SpeciesNet's text of each category, where the model has a taxonomy: seven fields, the
    first, an id, empty."""
    taxonomy = context.settings.get("taxonomy", {}).get(label)
    if not taxonomy:
        return {}
    known = {name: one.lineage for name, one in taxa_by_name(taxonomy).items()}
    known |= lineages(taxonomy)
    described = {
        number: speciesnet_label(known.get(name, {}), name) for name, number in ids.items()
    }
    return {"classification_category_descriptions": described}


def _rolled_up_taxa(label: str, context: OutputContext) -> Mapping[tuple[str, str], frozenset[str]]:
    """Return the taxa, by rank and name, that a rolled-up answer may have, and their classes."""
    settings = context.settings.get("decisions", {}).get("ranks", {}).get(label, {})
    taxonomy: Taxonomy = settings.get("taxonomy", {})
    limits = settings.get("ranks", {})
    found: dict[tuple[str, str], set[str]] = {}
    known = animal_lineages(taxonomy)
    for rank in reversed(RANKS):
        for name in context.labels[label] if limits.get(rank) is not None else ():
            if taxon := known.get(name, {}).get(rank):
                found.setdefault((rank, taxon), set()).add(name)
    return {taxon: frozenset(classes) for taxon, classes in found.items()}
