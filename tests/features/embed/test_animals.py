"""`ctc embed --detector`: a row per animal, with the manners of `ctc embed`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.model.detector import Category
from ctc.artifacts.repeats import RepeatList, RepeatPlace
from ctc.cli.main import run as run_command
from ctc.detection.detector import DetectionConfig
from ctc.errors import UsageError
from ctc.features.embed.animals import AnimalFeatureCodec
from ctc.features.embed.results import AnimalFeatures, PhotoAnimals
from ctc.features.embed.run import EmbedConfig, prepare_embed
from ctc.features.embed.task import FeatureCodec
from ctc.features.store import Embeddings
from ctc.images.crop import square_around
from ctc.inference.animal_crops import MARGIN, ask_in_batches
from ctc.inference.config import ShardSpec
from ctc.inference.detection import DetectionCodec
from ctc.inference.task import PhotoInfo
from ctc.plugin.manager import plugins

COUNT = 12
DARK, RED = (40, 60, 40), (255, 230, 230)


def silent(photos: int, failed: int) -> None:
    """Report nothing."""


@pytest.fixture
def model(build_model: Callable[..., Path]) -> Path:
    return build_model("features.onnx", features=True)


@pytest.fixture
def detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    return write_bright_detector(tmp_path / "bright.onnx", (320, 320))


def place(number: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the animal in a photo, in pixels."""
    return 100, 60, 200 + 10 * number, 160


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve photos with a bright animal each; none in photos 3 and 4; photo 5 is broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(COUNT):
        photo = Image.new("RGB", (640, 480), DARK)
        if number not in (3, 4):
            left, top, right, bottom = place(number)
            colour = (255, 255 - number, 210 + number)
            ImageDraw.Draw(photo).rectangle((left, top, right - 1, bottom - 1), fill=colour)
        photo.save(folder / f"{number:02}.png")
    (folder / "05.png").write_text("no photo")
    return folder


def prepare(model: Path, source: Path, output: Path, detector: Path, **options):
    config = EmbedConfig(model, (source,), output, detector=detector, **options)
    return prepare_embed(config, plugins())


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def expected_features(photo: Path, number: int) -> np.ndarray:
    """The mean colour of the square around the animal, a slow reference."""
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    left, top, right, bottom = place(number)
    box = Box(left / 640, top / 480, (right - left) / 640, (bottom - top) / 480)
    square = square_around(box, *pixels.shape[:2], MARGIN)
    rows = slice(square.top, square.top + square.height)
    crop = pixels[rows, square.left : square.left + square.width]
    return crop.reshape(-1, 3).mean(axis=0) / 255


def test_embed_writes_a_row_per_animal(model, detector, photos, tmp_path) -> None:
    output = tmp_path / "e.parquet"
    summary = prepare(model, photos, output, detector).run(silent)
    assert (summary.photos, summary.events, summary.failed, summary.left_out) == (12, 11, 1, 2)
    table = pq.read_table(output)
    seen = [number for number in range(COUNT) if number not in (3, 4, 5)]
    assert [Path(path).name for path in table["path"].to_pylist()] == [f"{n:02}.png" for n in seen]
    expected = [expected_features(photos / f"{n:02}.png", n) for n in seen]
    np.testing.assert_allclose(np.stack(table["features"].to_pylist()), expected, atol=0.01)
    assert table["box_x"].to_pylist() == pytest.approx([100 / 640] * 9, abs=0.004)
    assert table["box_width"].to_pylist() == pytest.approx(
        [(100 + 10 * n) / 640 for n in seen], abs=0.004
    )
    assert table["box_confidence"].to_pylist() == pytest.approx([0.9] * 9)
    assert table["box_category"].to_pylist() == ["animal"] * 9


def test_metadata_name_the_detector(model, detector, photos, tmp_path) -> None:
    output = tmp_path / "e.parquet"
    options = {"boxes": DetectionConfig(min_confidence=0.3)}
    prepare(model, photos, output, detector, **options).run(silent)
    about = Embeddings.read(output).about
    assert (about["detector"], about["min_confidence"], about["feature_size"]) == (
        "bright.onnx",
        0.3,
        3,
    )
    assert Embeddings.read(output).has_boxes


def test_embed_with_a_detector_resumes_to_the_same_bytes(model, detector, photos, tmp_path) -> None:
    prepare(model, photos, tmp_path / "whole" / "e.parquet", detector).run(silent)
    output = tmp_path / "stopped" / "e.parquet"
    seen = 0

    def stop(photos: int, failed: int) -> None:
        nonlocal seen
        seen += photos
        if seen == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(model, photos, output, detector).run(stop)
    summary = prepare(model, photos, output, detector).run(silent)
    assert (summary.resumed, summary.left_out) == (7, 2)
    assert files(output.parent) == files(tmp_path / "whole")


def test_merged_shards_and_an_engine_equal_one_run(model, detector, photos, tmp_path) -> None:
    prepare(model, photos, tmp_path / "whole" / "e.parquet", detector).run(silent)
    parts = []
    for number in (1, 2):
        output = tmp_path / "parts" / "e.parquet"
        run = prepare(model, photos, output, detector, shard=ShardSpec(number, 2))
        run.run(silent)
        parts.append(str(run.target))
    merged = tmp_path / "merged" / "e.parquet"
    assert run_command(["merge", *parts, "--output", str(merged)]) == 3  # photo 5
    engine = tmp_path / "engine" / "e.parquet"
    prepare(model, photos, engine, detector, engine="local").run(silent)
    assert files(merged.parent) == files(engine.parent) == files(tmp_path / "whole")


def test_command_tells_of_photos_without_an_animal(
    model, write_bright_detector, photos, tmp_path, capsys
) -> None:
    person = write_bright_detector(tmp_path / "person.onnx", (320, 320), category=1)
    output = tmp_path / "e.parquet"
    arguments = ["embed", str(model), str(photos), "--detector", str(person)]
    assert run_command([*arguments, "--output", str(output)]) == 3  # photo 5
    assert "11 photos without an animal, and so without a row" in capsys.readouterr().err
    assert pq.read_table(output).num_rows == 0


def test_low_confidence_and_repeats_have_no_row(model, detector, photos, tmp_path, capsys) -> None:
    stone = Box(100 / 640, 60 / 480, 100 / 640, 100 / 480)
    listed = RepeatPlace("", stone, 9, None, None, "animal", "00.png")
    RepeatList(str(photos), 0, 0.95, (listed,)).write(tmp_path / "repeats.json")
    output = tmp_path / "e.parquet"
    arguments = ["embed", str(model), str(photos), "--detector", str(detector)]
    given = [*arguments, "--repeats", str(tmp_path / "repeats.json"), "--output", str(output)]
    assert run_command(given) == 3  # photo 5
    assert "1 box set aside, at places of --repeats" in capsys.readouterr().err
    assert Path(pq.read_table(output)["path"][0].as_py()).name == "01.png"
    sure = [*arguments, "--min-confidence", "0.95", "--output", str(output), "--overwrite"]
    assert run_command(sure) == 3  # photo 5
    assert pq.read_table(output).num_rows == 0


def test_dry_run_names_the_features(model, detector, photos, tmp_path, capsys) -> None:
    output = tmp_path / "e.parquet"
    arguments = ["embed", str(model), str(photos), "--detector", str(detector), "--dry-run"]
    assert run_command([*arguments, "--output", str(output)]) == 0
    assert "3 features" in capsys.readouterr().out
    assert not output.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--min-confidence", "0.5"], 2, "--min-confidence is about the boxes of a detector"),
        (["--repeats", "r.json"], 2, "--repeats is about the boxes of a detector"),
        (["--detector", "{detector}", "--decode", "gpu"], 2, "--detector needs --decode cpu"),
        (["--detector", "{model}"], 1, "it is a classifier: give it to `ctc predict`"),
    ],
)
def test_command_refuses_what_does_not_fit(
    model, detector, photos, tmp_path, capsys, arguments, code, message
) -> None:
    names = {"{model}": str(model), "{detector}": str(detector)}
    given = [names.get(argument, argument) for argument in arguments]
    output = tmp_path / "e.parquet"
    assert run_command(["embed", str(model), str(photos), "--output", str(output), *given]) == code
    assert message in " ".join(capsys.readouterr().err.split())
    assert not output.exists()


def test_model_that_stacks_photos_takes_no_detector(
    build_model, detector, photos, tmp_path
) -> None:
    stacked = build_model("s.onnx", features=True, image_choice="grayscale_stacking")
    with pytest.raises(UsageError, match="it can't be used with --detector"):
        prepare(stacked, photos, tmp_path / "e.parquet", detector)


def test_codec_keeps_animals_and_repeats_without_loss() -> None:
    categories = (Category("animal", "animal"), Category("person", "human"))
    codec = AnimalFeatureCodec(FeatureCodec(2), DetectionCodec(categories))
    boxes = [
        Detection(Box(0.1, 0.2, 0.3, 1 / 3, confidence=0.7), "animal", "animal"),
        Detection(Box(0.5, 0.5, 0.1, 0.1, confidence=0.6), "animal", "animal"),
        Detection(Box(0.0, 0.0, 0.1, 0.1, confidence=0.5), "person", "human", True),
    ]
    rows = np.array([[1.5, 2], [0.1, -3]], np.float32)
    animals = tuple(map(AnimalFeatures, boxes, rows))
    photo = PhotoAnimals("a.jpg", animals, set_aside=(boxes[2],))
    found = codec.photo_from_json(codec.photo_to_json(photo), PhotoInfo("a.jpg"))
    assert [one.detection for one in found.animals] == boxes[:2]
    assert np.array_equal([one.features for one in found.animals], rows)
    assert found.set_aside == photo.set_aside


def test_crops_are_asked_for_in_batches_of_one_size() -> None:
    sizes = []

    def ask(batch: np.ndarray) -> dict[str, np.ndarray]:
        sizes.append(len(batch))
        return {"sum": batch.reshape(len(batch), -1).sum(axis=1).astype(np.float32)}

    crops = [np.full((2, 2, 3), number, np.uint8) for number in range(19)]
    on_cpu = list(ask_in_batches(ask, iter(crops), on_device=False))
    on_device = list(ask_in_batches(ask, iter(crops), on_device=True))
    assert sizes == [1] * 19 + [16, 16]
    expected = [12 * number for number in range(19)]
    for answers in (on_cpu, on_device):
        assert [value for part in answers for value in part["sum"]] == expected
