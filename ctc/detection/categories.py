"""What the categories of public detectors mean, as Camtrap DP's observation types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ctc.artifacts.boxes import CategoryType
from ctc.artifacts.model.detector import Category
from ctc.artifacts.observation_types import observation_type
from ctc.errors import InputError

_ANIMALS = {
    *("animal", "animals", "wildlife", "mammal", "reptile", "bird", "cat", "dog", "horse", "sheep"),
    *("cow", "cattle", "elephant", "bear", "zebra", "giraffe", "deer"),
}
_VEHICLES = {
    *("bicycle", "motorcycle", "motorbike", "airplane", "aeroplane", "bus", "train", "boat"),
    *("truck", "car", "van"),
}


def known_type(name: str) -> CategoryType | None:
    """Return the type of a category by its name, None if the name doesn't tell.

    Names as MegaDetector's (animal, person, vehicle) and the living things and vehicles of COCO
    (https://cocodataset.org) are known.
    """
    plain = " ".join(name.replace("_", " ").replace("-", " ").casefold().split())
    if plain in _ANIMALS:
        return "animal"
    if plain in _VEHICLES:
        return "vehicle"
    found = observation_type(plain)
    return found if found in ("human", "vehicle", "blank") else None


def categories_of(
    names: Iterable[str], given: Mapping[str, CategoryType], others: CategoryType | None = None
) -> tuple[Category, ...]:
    """Return the categories: as `given` by name or number, else by their names, else `others`.

    Raises InputError for one whose meaning is not known, and for a given one that doesn't exist.
    """
    ordered = list(names)
    numbers = {str(number): name for number, name in enumerate(ordered)}
    for key in given:
        if key not in numbers and key not in ordered:
            raise InputError(
                f"the detector has no category '{key}': it has {', '.join(ordered[:12])}"
            )
    found, unknown = [], []
    for number, name in enumerate(ordered):
        meaning = given.get(str(number)) or given.get(name) or known_type(name) or others
        if meaning is None:
            unknown.append(name)
        else:
            found.append(Category(name, meaning))
    if unknown:
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        raise InputError(
            f"it is not known what the categories {', '.join(unknown[:8])}{more} mean: say so by "
            f"`--category '{unknown[0]}=animal'` (or human, vehicle, ignored) of `ctc import`, or "
            "`--other-categories ignored`"
        )
    return tuple(found)
