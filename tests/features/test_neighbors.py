"""The most alike photos, found block by block."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run
from ctc.errors import InputError, UsageError
from ctc.features import neighbors
from ctc.features.neighbor_queries import NeighborConfig
from ctc.features.neighbors import find_neighbors, most_alike
from ctc.features.store import to_unit

PHOTOS = [
    ("a", "a.jpg", [1.0, 0.0]),
    ("a", "b.jpg", [9.0, 1.0]),
    ("b", "c.jpg", [4.0, 1.0]),
    ("c", "sub/d.jpg", [0.0, 2.0]),
    ("d", "e.jpg", [-3.0, 0.0]),
]


def paths(embeddings, found) -> list[str]:
    return [embeddings.table["path"][one.row].as_py() for one in found]


def config(embeddings, *photos: str, **options) -> NeighborConfig:
    return NeighborConfig(embeddings.path, photos, **options)


def test_neighbors_are_sorted_by_cosine(write_features) -> None:
    embeddings = write_features(PHOTOS)
    found = find_neighbors(config(embeddings, "a.jpg"), embeddings)
    assert paths(embeddings, found) == ["b.jpg", "c.jpg", "sub/d.jpg", "e.jpg"]
    assert [one.rank for one in found] == [1, 2, 3, 4]
    expected = [9 / 82**0.5, 4 / 17**0.5, 0, -1]
    assert [one.similarity for one in found] == pytest.approx(expected, abs=1e-6)


def test_count_and_other_events(write_features) -> None:
    embeddings = write_features(PHOTOS)
    found = find_neighbors(config(embeddings, "a.jpg", count=2, other_events=True), embeddings)
    assert paths(embeddings, found) == ["c.jpg", "sub/d.jpg"]


@pytest.mark.parametrize("block", [1, 60, 1 << 20])
def test_most_alike_equals_the_full_product(write_features, monkeypatch, block: int) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(50, 7)).round(1)
    embeddings = write_features([("e", f"{i}.jpg", row) for i, row in enumerate(features)])
    monkeypatch.setattr(neighbors, "BLOCK_BYTES", block * 40)
    queries = to_unit(features[[3, 40]].astype(np.float32))
    rows, similarities = most_alike(embeddings, queries, 5)
    every = queries @ to_unit(features.astype(np.float32)).T
    expected = np.argsort(-every, axis=1, kind="stable")[:, :5]
    assert rows.tolist() == expected.tolist()
    np.testing.assert_allclose(similarities, np.take_along_axis(every, expected, 1), atol=1e-6)


def test_equal_neighbors_are_in_the_order_of_the_file(write_features) -> None:
    embeddings = write_features([("e", f"{number}.jpg", [1.0, 2.0]) for number in range(6)])
    found = find_neighbors(config(embeddings, "2.jpg", count=3), embeddings)
    assert paths(embeddings, found) == ["0.jpg", "1.jpg", "3.jpg"]


def test_photos_are_found_by_absolute_and_relative_path(
    write_features, tmp_path, monkeypatch
) -> None:
    embeddings = write_features(PHOTOS)
    monkeypatch.chdir(tmp_path.parent)
    relative = f"{tmp_path.name}/sub/../sub/d.jpg"
    for path in (relative, str(tmp_path / "sub" / "d.jpg"), "sub/d.jpg"):
        found = find_neighbors(config(embeddings, path, count=1), embeddings)
        assert paths(embeddings, found) == ["c.jpg"]


def test_unknown_photo_without_a_model_is_refused(write_features) -> None:
    embeddings = write_features(PHOTOS)
    with pytest.raises(UsageError, match=r"'x\.jpg' is not in .* such as 'a\.jpg': add --model"):
        find_neighbors(config(embeddings, "x.jpg"), embeddings)


@pytest.fixture
def embedded(build_model, tmp_path: Path) -> tuple[Path, Path]:
    """A model, and its embeddings of a red, a dark red and a blue photo."""
    model = build_model("features.onnx", features=True)
    for name, colour in {"red": (255, 0, 0), "dark": (90, 5, 0), "blue": (0, 0, 255)}.items():
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.new("RGB", (24, 16), colour).save(tmp_path / "photos" / f"{name}.png")
    output = tmp_path / "embeddings.parquet"
    assert run(["embed", str(model), str(tmp_path / "photos"), "--output", str(output)]) == 0
    return model, output


def test_model_embeds_a_new_photo(embedded, tmp_path, capsys) -> None:
    model, output = embedded
    Image.new("RGB", (24, 16), (40, 0, 200)).save(tmp_path / "new.png")
    arguments = ["neighbors", str(output), str(tmp_path / "new.png"), "--model", str(model)]
    assert run([*arguments, "--json", "--count", "1"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (Path(found["path"]).name, found["rank"]) == ("blue.png", 1)
    assert found["similarity"] == pytest.approx(200 / (200**2 + 40**2) ** 0.5, abs=1e-4)


def test_another_model_is_refused(embedded, build_model, tmp_path) -> None:
    _, output = embedded
    from ctc.features.store import Embeddings

    other = build_model("other.onnx", features=True, bias=1.0)
    embeddings = Embeddings.read(output)
    with pytest.raises(UsageError, match=r"is not the model that made .* can't be compared"):
        find_neighbors(config(embeddings, "new.png", model=other), embeddings)


def test_broken_photo_is_an_error(embedded, tmp_path) -> None:
    from ctc.features.store import Embeddings

    model, output = embedded
    (tmp_path / "broken.jpg").write_text("no photo")
    embeddings = Embeddings.read(output)
    wanted = config(embeddings, str(tmp_path / "broken.jpg"), model=model)
    with pytest.raises(InputError, match=r"broken\.jpg' can't be used"):
        find_neighbors(wanted, embeddings)


def inventory(path: Path, root: Path) -> Path:
    rows = {
        "event_id": ["1", "1", "2"],
        "images": [["red.png", "dark.png"], ["red.png"], ["blue.png"]],
        "species": ["fox", "hare", None],
        "location": ["north", "north", "south"],
    }
    Inventory(pa.table(rows), ("species",), root).write(path)
    return path


def test_table_shows_labels_and_places(embedded, tmp_path, capsys) -> None:
    _, output = embedded
    listed = inventory(tmp_path / "inventory.parquet", tmp_path / "photos")
    photo = str(tmp_path / "photos" / "dark.png")
    code = run(["neighbors", str(output), photo, "--inventory", str(listed)])
    header, red, blue, _ = capsys.readouterr().out.split("\n", 3)
    assert code == 0
    assert header.split()[-3:] == ["similarity", "species", "location"]
    assert red.split() == [str(tmp_path / "photos/red.png"), "0.9985", "fox", "+", "hare", "north"]
    assert blue.split() == [str(tmp_path / "photos/blue.png"), "0.0000", "south"]


def test_output_is_csv(embedded, tmp_path) -> None:
    _, output = embedded
    listed = inventory(tmp_path / "inventory.parquet", tmp_path / "photos")
    photo, target = str(tmp_path / "photos" / "dark.png"), tmp_path / "n.csv"
    arguments = ["neighbors", str(output), photo, "--inventory", str(listed)]
    assert run([*arguments, "--output", str(target)]) == 0
    first, _ = csv.DictReader(target.read_text().splitlines())
    assert list(first) == ["photo", "rank", "similarity", "path", "species", "location"]
    assert (first["rank"], first["species"], first["location"]) == ("1", "fox + hare", "north")
    assert run([*arguments, "--output", str(target)]) == 2  # it is there already


def test_inventory_of_other_photos_is_refused(embedded, tmp_path, capsys) -> None:
    _, output = embedded
    listed = inventory(tmp_path / "inventory.parquet", tmp_path / "elsewhere")
    photo = str(tmp_path / "photos" / "dark.png")
    assert run(["neighbors", str(output), photo, "--inventory", str(listed)]) == 2
    assert "is in the inventory: check --image-root" in capsys.readouterr().err
