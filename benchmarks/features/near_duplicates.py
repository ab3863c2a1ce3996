"""Which near duplicates a limit of similarity finds: python -m benchmarks.features.near_duplicates
MODEL PHOTOS_DIR...

MODEL has features. Every photo is changed in several ways and compared with itself as it was; then
drawn photos of eight cameras, of which bursts and events are known, are compared with each other.
Photos of the folders must all show different things."""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from ctc.demo.world import draw_world
from ctc.errors import ImageError
from ctc.features.embed.task import EmbedTask, FeatureModel
from ctc.features.store import to_unit
from ctc.hardware import usable_cores
from ctc.images import is_image_name
from ctc.inference.events.given_photos import Photo, given_events
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import read_model

LIMITS = (0.90, 0.95, 0.97)
LOCATIONS, EVENTS, SEED = 8, 24, 3
Picture = Image.Image


def saved(picture: Picture, quality: int = 85) -> bytes:
    """The picture as a JPEG."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def cropped(picture: Picture, share: float) -> bytes:
    """Without this share on each side."""
    width, height = picture.size
    left, top = int(width * share), int(height * share)
    return saved(picture.crop((left, top, width - left, height - top)))


def stripped(picture: Picture) -> bytes:
    """With a black strip at the bottom."""
    copy = picture.copy()
    copy.paste((0, 0, 0), (0, round(0.94 * copy.height), copy.width, copy.height))
    return saved(copy)


def resized(picture: Picture, divisor: int) -> bytes:
    """With sides that are so many times shorter."""
    size = picture.width // divisor, picture.height // divisor
    return saved(picture.resize(size, Image.Resampling.LANCZOS))


CHANGES: dict[str, Callable[[Picture], bytes]] = {
    "JPEG of quality 50": lambda one: saved(one, 50),
    "half the size": lambda one: resized(one, 2),
    "15 % darker": lambda one: saved(ImageEnhance.Brightness(one).enhance(0.85)),
    "15 % brighter": lambda one: saved(ImageEnhance.Brightness(one).enhance(1.15)),
    "contrast + 20 %": lambda one: saved(ImageEnhance.Contrast(one).enhance(1.2)),
    "strip of 6 % blackened": stripped,
    "cropped by 2 %": lambda one: cropped(one, 0.02),
    "cropped by 5 %": lambda one: cropped(one, 0.05),
    "mirrored": lambda one: saved(ImageOps.mirror(one)),
    "grey": lambda one: saved(one.convert("L").convert("RGB")),
}


def embed(model: FeatureModel, photos: Sequence[Photo]) -> np.ndarray:
    """Features of length 1, (photos, size)."""
    config = PipelineConfig(model.network.runtime)
    results = list(run_pipeline(model, given_events(photos), config))
    for result in results:
        if result.prediction is None:
            raise ImageError(f"{result.failures[0].path}: {result.failures[0].reason}")
    return to_unit(np.stack([one.prediction.images[0].features for one in results]))


def row(what: str, similarities: np.ndarray) -> str:
    """A row of the table: the share that reaches each limit, and the largest."""
    shares = (f"{100 * float((similarities >= limit).mean()):.1f} %" for limit in LIMITS)
    return f"| {what} | {len(similarities)} | {' | '.join(shares)} | {similarities.max():.3f} |"


def changed(model: FeatureModel, photos: Sequence[Path]) -> None:
    """Print a row per change, and one of pairs of different photos."""
    pictures = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in photos]
    before = embed(model, photos)
    for what, change in CHANGES.items():
        print(row(what, (before * embed(model, list(map(change, pictures)))).sum(axis=1)))
    print(row("pairs of different photos", (before @ before.T)[np.triu_indices(len(photos), 1)]))


def drawn(model: FeatureModel, folder: Path) -> None:
    """Print rows of pairs of drawn photos: of a burst, a camera, two cameras."""
    table = draw_world(folder, seed=SEED, locations=LOCATIONS, events_per_location=EVENTS)
    with table.open(encoding="utf-8", newline="") as file:
        listed = [
            (folder / "photos" / one[image], one["event_id"], one["location"], one["night"])
            for one in csv.DictReader(file)
            for image in ("image1", "image2", "image3")
            if one[image]
        ]
    paths, *facts = zip(*listed, strict=True)
    features = embed(model, paths)
    pairs = np.triu_indices(len(paths), 1)
    event, place, light = (
        np.asarray(values)[pairs[0]] == np.asarray(values)[pairs[1]] for values in facts
    )
    similarities = (features @ features.T)[pairs]
    print(row("drawn: one burst", similarities[event]))
    print(row("drawn: one camera, same light, two events", similarities[~event & place & light]))
    print(row("drawn: one camera, day and night", similarities[place & ~light]))
    print(row("drawn: two cameras", similarities[~place]))


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    runtime = RuntimeConfig("cpu", batch_size=1, threads=usable_cores())
    model = EmbedTask(None).open(read_model(options.model), runtime)
    found = [path for folder in options.folders for path in sorted(folder.rglob("*"))]
    photos = [path for path in found if is_image_name(path.name) and "truncated" not in path.name]
    print("| | pairs | " + " | ".join(f"≥ {limit:g}" for limit in LIMITS) + " | largest |")
    print("|---|---|" + "---|" * (len(LIMITS) + 1))
    changed(model, photos)
    with tempfile.TemporaryDirectory() as folder:
        drawn(model, Path(folder))


if __name__ == "__main__":
    main()
