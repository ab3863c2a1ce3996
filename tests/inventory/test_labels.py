"""Renaming of classes, and dropping of observations without a label."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError, UsageError
from ctc.inventory.labels import discard_missing, read_renamings, relabel
from ctc.inventory.left_out import LeftOutLog

SPECIES = ["fox", "red fox", "hare", None]
COUNT = ["1", None, "2", "1"]


def inventory(**labels: list[str | None]) -> Inventory:
    labels = labels or {"species": SPECIES, "count": COUNT}
    columns = {"event_id": ["a", "b", "c", "d"], "images": [["1.jpg"]] * 4, **labels}
    table = pa.concat_tables([pa.table(columns).slice(0, 1), pa.table(columns).slice(1)])
    return Inventory(table, tuple(labels), Path())


def apply_relabel(
    tmp_path: Path, csv: str, **labels: list[str | None]
) -> dict[str, list[str | None]]:
    path = tmp_path / "relabel.csv"
    path.write_text(csv, encoding="utf-8")
    result = relabel(inventory(**labels), read_renamings(path))
    return {label: result.table[label].to_pylist() for label in result.labels}


def test_relabel_merges_classes_and_sets_missing(tmp_path: Path) -> None:
    csv = "label,old,new\nspecies,red fox,fox\nspecies,hare,\ncount,1,one\n"
    assert apply_relabel(tmp_path, csv) == {
        "species": ["fox", "fox", None, None],
        "count": ["one", None, "2", "one"],
    }


def test_relabel_swaps_classes(tmp_path: Path) -> None:
    csv = "label,old,new\nspecies,fox,hare\nspecies,hare,fox\n"
    assert apply_relabel(tmp_path, csv)["species"] == ["hare", "red fox", "fox", None]


def test_relabel_needs_no_label_column_for_single_label(tmp_path: Path) -> None:
    assert apply_relabel(tmp_path, "old;new\nred fox;fox\n", species=SPECIES) == {
        "species": ["fox", "fox", "hare", None]
    }


def test_relabel_warns_about_unknown_class(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert (
            apply_relabel(tmp_path, "label,old,new\nspecies,red foxx,fox\n")["species"] == SPECIES
        )
    (message,) = caplog.messages
    assert message.endswith(
        "line 2: label 'species' has no class called 'red foxx': did you mean 'red fox'?"
    )


@pytest.mark.parametrize(
    ("csv", "error", "message"),
    [
        (
            "label,old,new\nspecis,fox,hare\n",
            UsageError,
            "line 2: no label called 'specis': did you mean 'species'",
        ),
        (
            "old,new\nfox,hare\n",
            UsageError,
            "line 2: no label called '': there are 'count', 'species'",
        ),
        ("label,from,to\nspecies,fox,hare\n", UsageError, "has no column 'old'"),
        ("label,old,new\nspecies,,hare\n", InputError, "line 2 names no old class"),
        (
            "label,old,new\nspecies,fox,a\nspecies,fox,b\n",
            InputError,
            "line 3 gives 'fox' another new name",
        ),
    ],
)
def test_relabel_refuses_invalid_file(
    tmp_path: Path, csv: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        apply_relabel(tmp_path, csv)


def test_read_renamings_refuses_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--relabel needs a CSV"):
        read_renamings(tmp_path / "nowhere.csv")


def test_discard_missing_drops_and_logs_observations() -> None:
    left_out = LeftOutLog()
    kept = discard_missing(inventory(), left_out)
    assert kept.table["event_id"].to_pylist() == ["a", "c"]
    assert left_out.examples == {"a label is missing (--discard-missing)": ["b", "d"]}


def test_discard_missing_refuses_to_drop_everything() -> None:
    with pytest.raises(InputError, match="no observation is left"):
        discard_missing(inventory(species=[None] * 4), LeftOutLog())
