"""Near duplicates in an inventory: which are listed, and what is said of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageEnhance

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run
from ctc.errors import UsageError
from ctc.features import near_duplicates
from ctc.features.near_duplicates import NearDuplicates, find_near_duplicates
from ctc.inventory.checks.photo_uses import photo_uses

PHOTOS = [
    ("1", "a.jpg", [1.0, 0.0, 0.0]),
    ("1", "b.jpg", [1.0, 0.01, 0.0]),
    ("2", "c.jpg", [1.0, 0.1, 0.0]),
    ("3", "d.jpg", [0.0, 0.0, 1.0]),
    ("4", "e.jpg", [1.0, 0.05, 0.0]),
]
ROWS = {
    "event_id": ["1", "2", "3", "4"],
    "images": [["a.jpg", "b.jpg"], ["c.jpg"], ["d.jpg"], ["e.jpg"]],
    "species": ["fox", "hare", "fox", "fox"],
    "location": ["north", "north", "south", "south"],
}


def silent(rows: int) -> None:
    """Report nothing."""


def inventory(root: Path, **columns: list) -> Inventory:
    return Inventory(pa.table({**ROWS, **columns}), ("species",), root)


def find(listed: Inventory, embeddings, limit: float = 0.95) -> NearDuplicates:
    uses = photo_uses(listed)
    return find_near_duplicates(listed, uses, embeddings, listed.image_root, limit, silent)


def test_all_but_the_first_are_listed_with_the_most_alike(write_features, tmp_path) -> None:
    found = find(inventory(tmp_path), write_features(PHOTOS))
    assert [(one.problem, one.path, one.event_id) for one in found.problems] == [
        ("near-duplicate", "c.jpg", "2"),
        ("near-duplicate", "e.jpg", "4"),
    ]
    assert [one.detail for one in found.problems] == [
        "0.996 like 'b.jpg' of event '1' and 1 more; species: fox / hare",
        "0.999 like 'b.jpg' of event '1' and 2 more; location: north / south",
    ]
    assert (found.compared, found.without_features, found.across_splits) == (5, 0, None)


def test_photos_of_one_event_are_no_near_duplicates(write_features, tmp_path) -> None:
    found = find(inventory(tmp_path), write_features(PHOTOS[:2]))
    assert found.problems == ()
    assert (found.compared, found.without_features) == (2, 3)


def test_similarity_is_the_least_cosine(write_features, tmp_path) -> None:
    embeddings = write_features(PHOTOS)
    assert [one.path for one in find(inventory(tmp_path), embeddings, 0.998).problems] == ["e.jpg"]
    same = write_features([*PHOTOS[:1], ("2", "c.jpg", [3.0, 0.0, 0.0])], name="same.parquet")
    assert [one.path for one in find(inventory(tmp_path), same, 1.0).problems] == ["c.jpg"]


def test_a_photo_of_another_split_comes_before_a_more_alike_one(write_features, tmp_path) -> None:
    listed = inventory(tmp_path, split=["train", "test", "train", "train"])
    found = find(listed, write_features(PHOTOS))
    assert found.across_splits == 2
    assert found.problems[1].detail == (
        "0.999 like 'c.jpg' of event '2' and 2 more; split: test / train; species: hare / fox; "
        "location: north / south"
    )


def test_splits_of_the_embeddings_of_a_dataset(write_features, tmp_path) -> None:
    splits = {"1": "train", "2": "val", "3": "train", "4": "train"}
    meta = {event: {"split": split} for event, split in splits.items()}
    found = find(inventory(tmp_path), write_features(PHOTOS, meta, folder=None))
    assert found.across_splits == 2
    assert "split: train / val" in found.problems[0].detail


def test_features_on_the_disk_give_the_same(write_features, tmp_path, monkeypatch) -> None:
    embeddings = write_features(PHOTOS)
    in_memory = find(inventory(tmp_path), embeddings)
    monkeypatch.setattr(near_duplicates, "_IN_MEMORY_BYTES", 0)
    assert find(inventory(tmp_path), embeddings) == in_memory


def test_embeddings_of_other_photos_are_refused(write_features, tmp_path) -> None:
    with pytest.raises(UsageError, match=r"such as 'a\.jpg', is in .* photos such as 'z"):
        find(inventory(tmp_path / "elsewhere"), write_features([("1", "z/../a.jpg", [1.0])]))


@pytest.fixture
def checked(build_model, tmp_path: Path) -> tuple[Path, Path]:
    """An inventory and its embeddings; of its five photos one is brighter and one a copy."""
    rng = np.random.default_rng(0)
    photos = tmp_path / "photos"
    photos.mkdir()
    pictures = [Image.fromarray(rng.integers(0, 256, (16, 24, 3), np.uint8)) for _ in range(2)]
    pictures[1] = Image.new("RGB", (24, 16), (0, 0, 250))
    pictures.append(ImageEnhance.Brightness(pictures[0]).enhance(0.9))
    for number, picture in enumerate(pictures):
        picture.save(photos / f"{number}.png")
    (photos / "3.png").write_bytes((photos / "0.png").read_bytes())
    rows = {
        "event_id": ["a", "b", "c", "d"],
        "images": [["0.png"], ["1.png"], ["2.png"], ["3.png"]],
        "species": ["fox"] * 4,
    }
    listed, output = tmp_path / "inventory.parquet", tmp_path / "embeddings.parquet"
    Inventory(pa.table(rows), ("species",), photos).write(listed)
    model = build_model("features.onnx", features=True)
    assert run(["embed", str(model), str(listed), "--output", str(output)]) == 0
    return listed, output


def test_check_lists_near_duplicates_beside_copies(checked, capsys) -> None:
    listed, output = checked
    capsys.readouterr()
    assert run(["inventory", "check", str(listed), "--embeddings", str(output)]) == 3
    captured = capsys.readouterr()
    problems = [(row["problem"], row["path"]) for row in csv.DictReader(io.StringIO(captured.out))]
    assert problems == [("straddling", "3.png"), ("near-duplicate", "2.png")]
    assert "1 the same as in another event, 1 almost the same as in another event" in captured.err


def test_check_without_embeddings_finds_copies_alone(checked, capsys) -> None:
    listed, _ = checked
    capsys.readouterr()
    assert run(["inventory", "check", str(listed)]) == 3
    assert "near-duplicate" not in capsys.readouterr().out


def test_check_needs_embeddings_for_a_similarity(checked, capsys) -> None:
    listed, _ = checked
    assert run(["inventory", "check", str(listed), "--similarity", "0.9"]) == 2
    assert "add --embeddings" in capsys.readouterr().err


def test_check_says_which_photos_have_no_features(checked, tmp_path, capsys) -> None:
    listed, output = checked
    table = Inventory.read(listed)
    more = pa.table({"event_id": ["e"], "images": [["4.png"]], "species": ["fox"]})
    grown = pa.concat_tables([table.table.replace_schema_metadata(None), more])
    Inventory(grown, ("species",), table.image_root).write(tmp_path / "grown.parquet")
    run(["inventory", "check", str(tmp_path / "grown.parquet"), "--embeddings", str(output)])
    assert "1 photo has no features in" in capsys.readouterr().err
