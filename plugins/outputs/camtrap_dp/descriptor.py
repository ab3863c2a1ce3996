"""datapackage.json of a Camtrap DP package."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any

from ctc.artifacts.taxonomy import COMMON_NAME, TAXON_ID, Taxon, Taxonomy, taxa_by_name
from ctc.plugin import OutputContext
from ctc.reporting import counted

from .columns import TABLES, VERSION
from .deployments import Deployment

SCHEMAS = f"https://raw.githubusercontent.com/tdwg/camtrap-dp/{VERSION}"
REVIEWERS = "reviewers"
"""Setting of an export of a review: the people who answered."""
UNDETERMINED = "und"
"""ISO 639-3's code for a language that is not known."""


def is_review(context: OutputContext) -> bool:
    """Return whether the answers are those of people and a model, of events alone."""
    return REVIEWERS in context.settings


def descriptor(
    context: OutputContext,
    deployments: Collection[Deployment],
    species: Iterable[str],
    label: str,
    taxonomy: Taxonomy,
) -> dict[str, Any]:
    """Return the content of datapackage.json; `species` are the scientific names that occur."""
    return {
        "resources": [_resource(name) for name in TABLES],
        "profile": f"{SCHEMAS}/camtrap-dp-profile.json",
        "created": f"{context.created:%Y-%m-%dT%H:%M:%SZ}",
        "title": _title(context, label),
        "description": "\n".join((*_contents(context, deployments), *context.notes)),
        "contributors": [
            {"title": title, "role": "contributor"}
            for title in (
                f"Machine observations by {context.model}",
                *context.settings.get(REVIEWERS, ()),
            )
        ],
        "project": {
            "title": context.image_root.name or "Camera traps",
            "samplingDesign": "opportunistic",
            "captureMethod": ["activityDetection"],
            "individualAnimals": False,
            "observationLevel": ["media", "event"],
        },
        "spatial": _spatial(deployments),
        "temporal": _temporal(deployments),
        "taxonomic": _taxonomic(species, taxonomy),
    }


def _contents(context: OutputContext, deployments: Collection[Deployment]) -> Iterator[str]:
    """Yield what the package holds, in sentences."""
    count = counted(sum(one.photos for one in deployments), "photo or clip", "photos and clips")
    yield f"Observations of {count} at {counted(len(deployments), 'deployment')}, written by ctc."
    if is_review(context):
        yield f"People answered, or the model '{context.model}'."
    else:
        yield f"The model '{context.model}' answered; no person checked it."


def _title(context: OutputContext, label: str) -> str:
    if is_review(context):
        return f"Observations of '{label}' by people and {context.model}"
    return f"Machine observations of '{label}' by {context.model}"


def _taxonomic(species: Iterable[str], taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """Return the names that occur, with what the taxonomy says of them."""
    known = taxa_by_name(taxonomy)
    return [
        {"scientificName": name, **(_taxon(known[name]) if name in known else {})}
        for name in sorted(species)
    ]


def _taxon(taxon: Taxon) -> dict[str, Any]:
    """Return the ranks, the id and the common name, of a language that is not known."""
    common, taxon_id = (taxon.entry.get(key) for key in (COMMON_NAME, TAXON_ID))
    return {
        **({"taxonID": taxon_id} if taxon_id else {}),
        "taxonRank": taxon.rank,
        **{rank: name for rank, name in taxon.lineage.items() if rank != "species"},
        **({"vernacularNames": {UNDETERMINED: common}} if common else {}),
    }


def _resource(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": f"{SCHEMAS}/{name}-table-schema.json",
    }


def _spatial(deployments: Iterable[Deployment]) -> dict[str, Any]:
    """Return the bounding box of all coordinates as GeoJSON.

    It is a feature without geometry when none are known.
    """
    points = [deployment.coordinates for deployment in deployments if deployment.coordinates]
    if not points:
        return {"type": "Feature", "geometry": None, "properties": {}}
    (south, north), (west, east) = (
        (min(degrees), max(degrees)) for degrees in zip(*points, strict=True)
    )
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _temporal(deployments: Iterable[Deployment]) -> dict[str, str | None]:
    starts, ends = [], []
    for deployment in deployments:
        start, end = deployment.span
        if start and end:
            starts.append(start.date())
            ends.append(end.date())
    return {
        "start": _format_date(min(starts, default=None)),
        "end": _format_date(max(ends, default=None)),
    }


def _format_date(day: date | None) -> str | None:
    return day.isoformat() if day else None
