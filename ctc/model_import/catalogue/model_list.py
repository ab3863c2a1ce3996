"""Read lists of models, from files and URLs.

A list from the web is a stranger's: the URLs in it must be of the web too, and a local list names
files of its own folder only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ctc.errors import CtcError, InputError, UsageError, did_you_mean, reason, shorten
from ctc.model_import.catalogue.entry import ModelEntry, parse_entry
from ctc.model_import.catalogue.json_fields import JsonFields
from ctc.storage.download import download
from ctc.storage.json_file import check_format, json_type, parse_json_object
from ctc.storage.paths import is_remote, is_url, parse_path
from ctc.storage.urls import redact_urls, refusal, split_scheme

FORMAT, FORMAT_VERSION = "ctc-model-list", 1
MAX_LIST_BYTES = 10_000_000
MAX_MODELS = 10_000

_FIELDS = ("format", "format_version", "name", "models")


@dataclass(frozen=True)
class ModelList:
    """A list of models. `place`: its file or URL. `name`: what it calls itself, or its place."""

    place: Path
    name: str
    models: tuple[ModelEntry, ...]

    def find(self, name: str) -> ModelEntry | None:
        """Return the model of that name."""
        return next((model for model in self.models if model.name == name), None)

    def locate(self, url: str) -> Path:
        """Return the place of a URL of this list, which may be relative to the list."""
        if is_url(url):
            return parse_path(url)
        if is_remote(self.place):
            base = str(self.place).partition("?")[0].rpartition("/")[0]
            return parse_path(f"{base}/{url}")
        return self.place.parent / url


def read_lists(places: Iterable[Path]) -> tuple[list[ModelList], list[str]]:
    """Return the lists that can be read, and why each other one can't."""
    found, faults = [], []
    for place in dict.fromkeys(places):
        try:
            found.append(read_list(place))
        except CtcError as error:
            faults.append(str(error))
    return found, faults


def read_list(place: Path) -> ModelList:
    """Read one list; raises CtcError, with what is wrong and where."""
    what = f"the list '{redact_urls(str(place))}'"
    try:
        data = parse_json_object(_read_limited(place, what))
    except FileNotFoundError:
        raise UsageError(f"{what} does not exist") from None
    except OSError as error:
        raise InputError(f"{what} can't be read: {reason(error)}") from None
    except UnicodeDecodeError:
        raise InputError(f"{what} can't be read: it is not a text file in UTF-8") from None
    except ValueError as error:
        raise InputError(f"{what} can't be read: it is {reason(error)}") from None
    check_format(data, place, FORMAT, FORMAT_VERSION)
    fields = JsonFields(data, what, _FIELDS)
    given = fields.value("models")
    if not isinstance(given, list) or len(given) > MAX_MODELS:
        raise InputError(
            f"{what}: 'models' is {json_type(given)}, not a list of at most {MAX_MODELS:,} models"
        )
    models = tuple(parse_entry(entry, what) for entry in given)
    _check_names(models, what)
    for model in models:
        for file in model.files:
            check_url(file.url, place, f"{what}: model '{model.name}'")
    return ModelList(place, fields.text("name") or redact_urls(str(place)), models)


def check_url(url: str, place: Path, what: str) -> None:
    """Raise InputError for a URL that a list at `place` may not name."""
    shown = shorten(redact_urls(url))
    found = split_scheme(url)
    if found is None:
        path = PurePosixPath(url)
        outside = path.is_absolute() or ".." in path.parts or "\\" in url or ":" in url
        if outside or (not is_remote(place) and _leaves_folder(place, url)):
            raise InputError(f"{what}: '{shown}' is not a file below the folder of the list")
        return
    if "@" in found[1].partition("/")[0]:
        raise InputError(f"{what}: '{shown}' holds the name of a user, which a list may not")
    allowed = _allowed_schemes(place)
    if found[0] not in allowed or refusal(url):
        listed = ", ".join(f"{scheme}://" for scheme in sorted(allowed))
        where = "from there" if is_remote(place) else "on a disk"
        raise InputError(f"{what}: '{shown}' is not opened, a list {where} may name: {listed}")


def find_model(lists: Sequence[ModelList], name: str) -> tuple[ModelList, ModelEntry]:
    """Return the model of a name, with its list.

    Raises UsageError if no list has it, or two have different models of that name.
    """
    found = [(one, model) for one in lists if (model := one.find(name)) is not None]
    if not found:
        names = {model.name for one in lists for model in one.models}
        raise UsageError(f"no list has a model '{shorten(name)}'{did_you_mean(name, names)}")
    digests = {tuple(file.sha256 for file in model.files) for _, model in found}
    if len(found) > 1 and (len(digests) > 1 or not found[0][1].is_checked):
        places = " and ".join(f"'{redact_urls(str(one.place))}'" for one, _ in found[:2])
        raise UsageError(
            f"two lists have a model '{name}', {places}: give the one that you mean with --list"
        )
    return found[0]


def _read_limited(place: Path, what: str) -> bytes:
    with TemporaryDirectory(prefix="ctc-") as folder:
        copy = Path(folder, "list.json")
        local = place
        if is_remote(place):
            download(str(place), copy, MAX_LIST_BYTES)
            local = copy
        with local.open("rb") as file:
            data = file.read(MAX_LIST_BYTES + 1)
    if len(data) > MAX_LIST_BYTES:
        raise InputError(f"{what} is larger than {MAX_LIST_BYTES // 1_000_000} MB")
    return data.removeprefix(b"\xef\xbb\xbf")


def _check_names(models: Sequence[ModelEntry], what: str) -> None:
    seen: set[str] = set()
    for model in models:
        if model.name.lower() in seen:
            raise InputError(f"{what} has two models called '{model.name}'")
        seen.add(model.name.lower())


def _allowed_schemes(place: Path) -> set[str]:
    """Return the schemes of URLs in a list; from https never to http, which anybody can change."""
    if not is_remote(place):
        return {"https", "http", "s3", "gs", "az", "abfs", "sftp", "hdfs"}
    own = (split_scheme(str(place)) or ("https", ""))[0]
    return {"https", own}


def _leaves_folder(place: Path, url: str) -> bool:
    """Return whether a file beside a local list is outside its folder, as by a symbolic link."""
    folder = place.parent.resolve()
    return not (folder / url).resolve().is_relative_to(folder)
