"""Find class names that are likely one class written in two ways, or several in one cell."""

from __future__ import annotations

import csv
import io
import logging
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from ctc.artifacts.inventory import Inventory
from ctc.reporting import counted

MAX_GROUPS_SHOWN = 3
SEPARATORS = (";", "|", ",", "/", "&", "+")

log = logging.getLogger(__name__)


def warn_about_classes(inventory: Inventory) -> None:
    """Log a warning for similar names of classes, and one for names that list several classes."""
    import pyarrow.compute as pc

    for label in inventory.labels:
        counted_values = pc.value_counts(inventory.table[label].combine_chunks()).to_pylist()
        counts = {entry["values"]: entry["counts"] for entry in counted_values}
        counts.pop(None, None)
        if groups := similar_names(counts):
            _warn_about_spellings(label, groups)
        if lists := names_of_several(counts):
            name, separator = next(iter(lists.items()))
            log.warning(
                "label '%s' has %s that %s several in one cell, such as '%s': give each a row, or "
                "read the table with `ctc inventory csv --label-separator '%s'`",
                label,
                counted(len(lists), "class", "classes"),
                "looks like" if len(lists) == 1 else "look like",
                name,
                separator,
            )


def similar_names(counts: Mapping[str, int]) -> list[list[str]]:
    """Return the groups of names that differ only in case, blanks, '_', '-' or Unicode form.

    `counts`: observations of each name. The most frequent name of a group comes first.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        groups.setdefault(_simplify(name), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def names_of_several(names: Iterable[str]) -> dict[str, str]:
    """Return the names that list other ones, such as 'fox;hare', with their separator."""
    known = {_simplify(name) for name in names}
    found = {}
    for name in names:
        for separator in SEPARATORS:
            parts = [part.strip(" []'\"") for part in name.split(separator)]
            if len(parts) > 1 and all(_simplify(part) in known for part in parts):
                found[name] = separator
                break
    return found


def _simplify(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    visible = "".join(sign for sign in folded if unicodedata.category(sign) != "Cf")
    return re.sub(r"[\s_-]+", " ", visible).strip()


def _warn_about_spellings(label: str, groups: Sequence[Sequence[str]]) -> None:
    shown = "; ".join(
        ", ".join(f"'{_visible(name)}'" for name in names) for names in groups[:MAX_GROUPS_SHOWN]
    )
    more = " …" if len(groups) > MAX_GROUPS_SHOWN else ""
    first, second = groups[0][:2]
    log.warning(
        "label '%s' has %s of classes that differ only in case, blanks, '_', '-' or Unicode form: "
        "%s%s; to merge them, give --relabel a CSV with lines such as `%s` below `label,old,new`",
        label,
        counted(len(groups), "group"),
        shown,
        more,
        _csv_line(label, second, first),
    )


def _visible(name: str) -> str:
    """Return the name with what can't be seen, such as a combining accent, as an escape."""
    return "".join(
        sign
        if sign.isprintable() and not unicodedata.combining(sign)
        else sign.encode("unicode_escape").decode()
        for sign in name
    )


def _csv_line(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
