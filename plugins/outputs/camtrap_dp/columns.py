"""Columns of Camtrap DP 1.0.2's tables in the order of their schemas.

Schemas: https://camtrap-dp.tdwg.org/data
"""

from __future__ import annotations

import math

VERSION = "1.0.2"
MISSING = frozenset({"", "NA", "NaN", "nan"})
"""Text that the standard reads as a missing value."""

DEPLOYMENTS = (
    "deploymentID",
    "locationID",
    "locationName",
    "latitude",
    "longitude",
    "coordinateUncertainty",
    "deploymentStart",
    "deploymentEnd",
    "setupBy",
    "cameraID",
    "cameraModel",
    "cameraDelay",
    "cameraHeight",
    "cameraDepth",
    "cameraTilt",
    "cameraHeading",
    "detectionDistance",
    "timestampIssues",
    "baitUse",
    "featureType",
    "habitat",
    "deploymentGroups",
    "deploymentTags",
    "deploymentComments",
)
MEDIA = (
    "mediaID",
    "deploymentID",
    "captureMethod",
    "timestamp",
    "filePath",
    "filePublic",
    "fileName",
    "fileMediatype",
    "exifData",
    "favorite",
    "mediaComments",
)
OBSERVATIONS = (
    "observationID",
    "deploymentID",
    "mediaID",
    "eventID",
    "eventStart",
    "eventEnd",
    "observationLevel",
    "observationType",
    "cameraSetupType",
    "scientificName",
    "count",
    "lifeStage",
    "sex",
    "behavior",
    "individualID",
    "individualPositionRadius",
    "individualPositionAngle",
    "individualSpeed",
    "bboxX",
    "bboxY",
    "bboxWidth",
    "bboxHeight",
    "classificationMethod",
    "classifiedBy",
    "classificationTimestamp",
    "classificationProbability",
    "observationTags",
    "observationComments",
)
TABLES = {"deployments": DEPLOYMENTS, "media": MEDIA, "observations": OBSERVATIONS}

FEATURE_TYPES = frozenset(
    (
        *("roadPaved", "roadDirt", "trailHiking", "trailGame", "roadUnderpass", "roadOverpass"),
        *("roadBridge", "culvert", "burrow", "nestSite", "carcass", "waterSource", "fruitingTree"),
    )
)
_NO_LIMIT = math.inf
_WHOLE_NUMBERS = {
    "coordinateUncertainty": (1, _NO_LIMIT),
    "cameraDelay": (0, _NO_LIMIT),
    "cameraTilt": (-90, 90),
    "cameraHeading": (0, 360),
}
_NUMBERS = dict.fromkeys(("cameraHeight", "cameraDepth", "detectionDistance"), (0, _NO_LIMIT))
_BOOLEANS = ("timestampIssues", "baitUse")
_BY_WORD = {
    **dict.fromkeys(("true", "yes", "t", "1"), "true"),
    **dict.fromkeys(("false", "no", "f", "0"), "false"),
}


def clean_cell(column: str, text: str) -> str | None:
    """Return a cell of the table deployments as the standard writes it, None if it forbids it.

    '' is a missing value.
    """
    if not text:
        return ""
    if column in _BOOLEANS:
        return _BY_WORD.get(text.casefold())
    if column == "featureType":
        return text if text in FEATURE_TYPES else None
    limits = _WHOLE_NUMBERS.get(column) or _NUMBERS.get(column)
    return text if limits is None else _clean_number(text, column in _WHOLE_NUMBERS, *limits)


def _clean_number(text: str, is_whole: bool, low: float, high: float) -> str | None:
    text = text.replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        return None
    if not (low <= value <= high and math.isfinite(value)) or (is_whole and value % 1):
        return None
    return str(int(value)) if is_whole else text
