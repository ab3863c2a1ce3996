"""What the standard, frictionless and the R package camtrapdp demand of a Camtrap DP package."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

TABLES = ("deployments", "media", "observations")
SPECIFICATION = "https://specs.frictionlessdata.io/schemas/data-package.json"
GEOJSON = "http://json.schemastore.org/geojson.json"


def problems(package: Path, standard: Path) -> list[str]:
    """Return all that is wrong with a package; `standard`: the folder of profile and schemas."""
    return [
        *profile_problems(package, standard),
        *frictionless_problems(package, standard),
        *camtrapdp_problems(package),
    ]


def profile_problems(package: Path, standard: Path) -> Iterator[str]:
    """Yield what the official profile finds in datapackage.json."""
    import frictionless
    import jsonschema
    from referencing import Registry
    from referencing.jsonschema import DRAFT4

    profile = json.loads((standard / "camtrap-dp-profile.json").read_text())
    profiles = Path(frictionless.__file__).parent / "assets" / "profiles"
    geojson = json.loads((profiles / "geojson.json").read_text())
    registry = Registry().with_resources(
        [  # what the specification of Data Packages says, frictionless itself checks
            (SPECIFICATION, DRAFT4.create_resource({})),
            (GEOJSON, DRAFT4.create_resource(geojson)),
        ]
    )
    document = _document(package)
    for error in jsonschema.Draft4Validator(profile, registry=registry).iter_errors(document):
        yield f"{error.json_path}: {error.message}"
    for end in ("start", "end"):  # the format `date` is not checked by jsonschema
        date.fromisoformat(document["temporal"][end])


def frictionless_problems(package: Path, standard: Path) -> Iterator[str]:
    """Yield what frictionless finds in tables and descriptor, with the official table schemas."""
    from frictionless import Package

    document = _document(package)
    del document["profile"]
    for resource in document["resources"]:
        name = Path(resource["schema"]).name
        resource["schema"] = json.loads((standard / name).read_text())
    report = Package.from_descriptor(document, basepath=str(package)).validate()
    for row in report.flatten(["title", "rowNumber", "fieldName", "message"]):
        yield str(row)


def camtrapdp_problems(package: Path) -> Iterator[str]:
    """Yield what keeps the R package camtrapdp from reading a package as it is.

    These are the facts that its functions `version`, `read_camtrapdp`, `taxonomic`, `contributors`
    and `update_spatial` rely on.
    """
    document = _document(package)
    version = re.search(r"camtrap-dp/([0-9A-Za-z.-]+)/", document["profile"])
    if version is None or version[1] not in ("1.0", "1.0.1", "1.0.2"):
        yield f"version of {document['profile']}"
    names = [resource["name"] for resource in document["resources"]]
    yield from (f"no resource {name}" for name in TABLES if name not in names)
    for key in ("contributors", "taxonomic"):
        for entry in document[key]:
            yield from (f"{key}: {name}" for name, one in entry.items() if not _is_flat(one))
    known = [taxon["scientificName"] for taxon in document["taxonomic"]]
    if len(set(known)) != len(known):
        yield "taxonomic: a name occurs twice"
    yield from _table_problems(package, set(known))


def _table_problems(package: Path, known: set[str]) -> Iterator[str]:
    deployments, media, observations = (_rows(package, name) for name in TABLES)
    for row in deployments:
        if not (row["latitude"] and row["longitude"]):
            yield f"{row['deploymentID']}: no place, so that there is no bounding box"
    seen = {row["scientificName"] for row in observations} - {""}
    yield from (f"taxonomic lacks {name}" for name in sorted(seen - known))
    spans = {
        (row["deploymentID"], row["eventID"], _time(row["eventStart"]), _time(row["eventEnd"]))
        for row in observations
        if row["observationLevel"] == "event"
    }
    for row in media:  # a photo gets its event by deployment and time
        moment = _time(row["timestamp"])
        found = [
            event
            for deployment, event, start, end in spans
            if deployment == row["deploymentID"] and start <= moment <= end
        ]
        if len(found) != 1:
            yield f"{row['mediaID']}: events {found}"


def _is_flat(value: Any) -> bool:
    """Return whether R makes one row of a value: text, or a list of named texts."""
    return isinstance(value, str) or (
        isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    )


def _document(package: Path) -> dict[str, Any]:
    return dict(json.loads((package / "datapackage.json").read_text(encoding="utf-8")))


def _rows(package: Path, name: str) -> list[dict[str, str]]:
    with (package / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
