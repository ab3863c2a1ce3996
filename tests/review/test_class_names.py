"""Other names of classes from a taxonomy."""

from __future__ import annotations

from pathlib import Path

from ctc.review.class_names import read_class_names


def test_read_class_names(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.csv"
    path.write_text(
        "label,family,genus,species,common_name\nfox,Canidae,Vulpes,Vulpes vulpes,red fox\n"
    )
    assert read_class_names(path, ["fox", "hare"]) == {
        "fox": ("red fox", "Vulpes vulpes", "Vulpes", "Canidae")
    }
