"""An entry of a list: one model, with the facts that decide whether somebody wants it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ctc.artifacts.label_schema import check_classes
from ctc.errors import InputError, did_you_mean, shorten
from ctc.model_import.catalogue.import_options import check_options
from ctc.model_import.catalogue.json_fields import MAX_BYTES, MAX_TEXT, JsonFields
from ctc.model_import.catalogue.licence import (
    allows_commercial_use,
    is_licence_expression,
    is_non_commercial,
)

Kind = Literal["classifier", "features", "detector"]
MAX_CLASSES = 100_000
MAX_PIXELS = 8192
MAX_BESIDE = 20
"""Files beside a network."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ +-]{0,119}")
_FILE_FIELDS = ("name", "url", "size", "sha256")
_FIELDS = (
    *("name", "summary", "kind", "url", "file", "size", "sha256", "beside"),
    *("licence", "commercial_use", "classes", "region", "training_data", "input_size"),
    *("page", "import"),
)
_DEVICES = {
    *("aux", "con", "nul", "prn"),
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}
"""Names that Windows keeps for devices."""


@dataclass(frozen=True)
class ListedFile:
    """A file to fetch.

    `name`: under which it is kept. `url`: an absolute URL, or a path relative to the list. `size`:
    bytes. `size` and `sha256` (hexadecimal) may be unknown.
    """

    name: str
    url: str
    size: int | None
    sha256: str | None


@dataclass(frozen=True)
class ModelEntry:
    """One model of a list.

    `beside`: files that `ctc import` reads beside the network, such as a list of classes.
    `commercial_use`: whether the licence allows it, None if that is not known. `classes`: their
    number or names. `input_size`: height and width in pixels. `page`: where the model is described.
    `import_options`: options of `ctc import` by name without dashes.
    """

    name: str
    kind: Kind
    network: ListedFile
    summary: str = ""
    beside: tuple[ListedFile, ...] = ()
    licence: str | None = None
    commercial_use: bool | None = None
    classes: int | tuple[str, ...] | None = None
    region: str | None = None
    training_data: str | None = None
    input_size: tuple[int, int] | None = None
    page: str | None = None
    import_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def class_count(self) -> int | None:
        """The number of classes, None if it is not known."""
        return len(self.classes) if isinstance(self.classes, tuple) else self.classes

    @property
    def files(self) -> tuple[ListedFile, ...]:
        """All files to fetch, the network first."""
        return (self.network, *self.beside)

    @property
    def total_bytes(self) -> int | None:
        """The size of all files, None unless all are known."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def is_checked(self) -> bool:
        """Whether size and SHA-256 of each file are known."""
        return all(file.size is not None and file.sha256 is not None for file in self.files)


def parse_entry(value: object, place: str) -> ModelEntry:
    """Parse an entry of the list at `place`; raises InputError, saying what is wrong and where."""
    name = value.get("name") if isinstance(value, dict) else None
    what = f"{place}: model {shorten(name)!r}" if isinstance(name, str) else f"{place}: a model"
    fields = JsonFields(value, what, _FIELDS)
    if not _NAME.fullmatch(fields.required_text("name")):
        raise InputError(
            f"{what} has a name that is not 1 to 80 letters, digits, '-', '_' and '.' of ASCII"
        )
    licence, commercial_use = _parse_licence(fields, what)
    return ModelEntry(
        name=fields.required_text("name"),
        kind=_parse_kind(fields, what),
        network=_parse_file(fields, what, "file"),
        summary=fields.text("summary") or "",
        beside=_parse_beside(fields, what),
        licence=licence,
        commercial_use=commercial_use,
        classes=_parse_classes(fields, what),
        region=fields.text("region"),
        training_data=fields.text("training_data"),
        input_size=fields.size("input_size", MAX_PIXELS),
        page=fields.text("page"),
        import_options=_parse_options(fields, what),
    )


def _parse_kind(fields: JsonFields, what: str) -> Kind:
    kind = fields.required_text("kind")
    for known in get_args(Kind):
        if kind == known:
            return known  # type: ignore[no-any-return]
    raise InputError(f"{what} has the kind '{shorten(kind)}'{did_you_mean(kind, get_args(Kind))}")


def _parse_file(fields: JsonFields, what: str, name_field: str) -> ListedFile:
    """Return the file of a URL; without a field with its name, the end of the URL is its name."""
    url = fields.required_text("url")
    name = fields.text(name_field) or re.split(r"[?#]", url)[0].rpartition("/")[2]
    if not _FILE_NAME.fullmatch(name) or name.partition(".")[0].lower() in _DEVICES:
        raise InputError(
            f"{what}: '{shorten(name)}' can't be the name of a file: give a name without folders "
            f"in '{name_field}'"
        )
    return ListedFile(name, url, fields.whole_number("size", MAX_BYTES), fields.sha256("sha256"))


def _parse_beside(fields: JsonFields, what: str) -> tuple[ListedFile, ...]:
    given = fields.value("beside")
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > MAX_BESIDE:
        raise fields.fail("beside", f"a list of at most {MAX_BESIDE} files")
    inside = f"{what}: a file in 'beside'"
    files = tuple(
        _parse_file(JsonFields(one, inside, _FILE_FIELDS), inside, "name") for one in given
    )
    names = [_parse_file(fields, what, "file").name.lower(), *(one.name.lower() for one in files)]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{what} has two files called '{repeated}'")
    return files


def _parse_licence(fields: JsonFields, what: str) -> tuple[str | None, bool | None]:
    licence, commercial_use = fields.text("licence"), fields.truth("commercial_use")
    if licence is None:
        return None, commercial_use
    if not is_licence_expression(licence):
        raise InputError(
            f"{what}: the licence '{shorten(licence)}' is not an SPDX expression: write one "
            "such as 'CC-BY-4.0', or 'LicenseRef-NAME' for one that SPDX does not list"
        )
    if commercial_use and is_non_commercial(licence):
        raise InputError(
            f"{what}: 'commercial_use' is true, but the licence '{shorten(licence)}' forbids it"
        )
    allowed = allows_commercial_use(licence)
    return licence, allowed if commercial_use is None else commercial_use


def _parse_classes(fields: JsonFields, what: str) -> int | tuple[str, ...] | None:
    given = fields.value("classes")
    if not isinstance(given, list):
        return fields.whole_number("classes", MAX_CLASSES)
    if not given or len(given) > MAX_CLASSES or not all(isinstance(one, str) for one in given):
        raise InputError(f"{what}: 'classes' is not a list of 1 to {MAX_CLASSES:,} texts")
    if any(not 0 < len(one.strip()) <= MAX_TEXT or not one.isprintable() for one in given):
        raise InputError(f"{what}: 'classes' has a name that is not a text of one line")
    try:
        return check_classes("classes", given)
    except InputError as error:
        raise InputError(f"{what}: {error}") from None


def _parse_options(fields: JsonFields, what: str) -> Mapping[str, Any]:
    given = fields.value("import")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise fields.fail("import", "an object with options of `ctc import`")
    beside = {file.name for file in _parse_beside(fields, what)}
    is_detector = fields.value("kind") == "detector"
    return check_options(given, f"{what}: 'import'", beside, is_detector=is_detector)
