"""What a detector is worth on the drawn world: python -m benchmarks.detection.demo_world [--seed 1]
[--locations 20] [--events 32] [--epochs 25] [--small 0.05]

Draws cameras with animals whose boxes are known, trains a small detector and two classifiers (on
whole photos and on crops) on some of the cameras, and compares them on cameras never seen: average
precision of the boxes, recall of small animals with and without tiles, and the species of events by
the whole photo, by the boxes, and by both; the boxes of the same detector in int8 as well. Takes
some ten minutes on 2 cores.

With --small SCALE only the detector is measured, on animals of SCALE times their size at the new
cameras, whole and in tiles. It learns from animals four times as large, in whole photos and in
parts of photos. A box that overlaps an animal by 0.3 finds it, since the network's cells have 8
pixels."""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from PIL import Image
from tf2onnx.convert import from_function

from benchmarks.serving.load import CTC
from ctc.demo.world import draw_world

SIDE, STRIDE = 256, 8
CELLS = SIDE // STRIDE
TEST_SHARE = 0.4
SMALL = 0.03
"""Share of the photo's area below which an animal is small."""
ROUGH = 0.3
"""Overlap with an animal by which a box finds it, with --small."""
NARROW = 0.03
"""Share of the photo's width below which an animal is, with --small."""
Boxes = NDArray[np.float32]


def ctc(*arguments: object) -> None:
    subprocess.run([*CTC, *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)


def letterboxed(path: Path) -> tuple[NDArray[np.uint8], float, float, float]:
    """The photo on grey, its scale, and where it begins: left and top in pixels."""
    photo = Image.open(path).convert("RGB")
    scale = SIDE / max(photo.size)
    small = photo.resize((round(photo.width * scale), round(photo.height * scale)))
    canvas = np.full((SIDE, SIDE, 3), 114, np.uint8)
    left, top = (SIDE - small.width) // 2, (SIDE - small.height) // 2
    canvas[top : top + small.height, left : left + small.width] = np.asarray(small)
    return canvas, scale, left, top


def targets(boxes: Boxes) -> NDArray[np.float32]:
    """(CELLS, CELLS, 5): 1 in the cells near the middle of a box, and its sides over SIDE."""
    found = np.zeros((CELLS, CELLS, 5), np.float32)
    for x, y, width, height in boxes:
        column, row = int(x // STRIDE), int(y // STRIDE)
        for near_row in range(max(0, row - 1), min(CELLS, row + 2)):
            for near in range(max(0, column - 1), min(CELLS, column + 2)):
                found[near_row, near] = [1, x / SIDE, y / SIDE, width / SIDE, height / SIDE]
    return found


def network() -> keras.Model:
    """uint8 (N, SIDE, SIDE, 3) to (N, CELLS, CELLS, 5): score, and box as shares of the side."""
    images = keras.Input((SIDE, SIDE, 3), name="images")
    value = layers.Rescaling(1 / 127.5, -1)(images)
    for width, stride in ((16, 2), (32, 2), (64, 2), (64, 1), (96, 1), (96, 1)):
        value = layers.SeparableConv2D(width, 3, stride, "same", use_bias=False)(value)
        value = layers.BatchNormalization()(value)
        value = layers.Activation("relu")(value)
    wide = layers.AveragePooling2D(4)(value)
    for _ in range(2):
        wide = layers.SeparableConv2D(96, 3, padding="same", use_bias=False)(wide)
        wide = layers.Activation("relu")(layers.BatchNormalization()(wide))
    value = layers.Concatenate()([value, layers.UpSampling2D(4)(wide)])
    value = layers.Conv2D(96, 1, activation="relu")(value)
    score = layers.Conv2D(1, 1, bias_initializer=keras.initializers.Constant(-4.0))(value)
    shift = layers.Conv2D(2, 1)(value)
    size = layers.Conv2D(2, 1, activation="sigmoid")(value)
    return keras.Model(images, layers.Concatenate()([score, shift, size]))


def loss(true: Any, found: Any) -> Any:
    """Focal loss of the scores, and of the boxes the distances of middles and sides."""
    here = true[..., 0]
    chance = keras.ops.sigmoid(found[..., 0])
    right = keras.ops.where(here > 0, chance, 1 - chance)
    focal = -keras.ops.square(1 - right) * keras.ops.log(right + 1e-7)
    grid = (np.stack(np.meshgrid(np.arange(CELLS), np.arange(CELLS)), -1) + 0.5) / CELLS
    middle = found[..., 1:3] * 0.1 + keras.ops.cast(grid, "float32")
    distance = keras.ops.abs(middle - true[..., 1:3]) + keras.ops.abs(
        found[..., 3:] - true[..., 3:]
    )
    boxes = keras.ops.sum(keras.ops.sum(distance, -1) * here, (1, 2))
    return keras.ops.sum(focal, (1, 2)) + 10 * boxes


def train_detector(photos: Path, truth: Mapping[str, list[Boxes]], epochs: int) -> keras.Model:
    """A detector of the photos in `truth`, whose boxes are left, top, width, height (shares)."""
    images, wanted = [], []
    for name, boxes in truth.items():
        canvas, scale, left, top = letterboxed(photos / name)
        images.append(canvas)
        wide, high = (side * scale for side in Image.open(photos / name).size)
        rows = [
            ((x + w / 2) * wide + left, (y + h / 2) * high + top, w * wide, h * high)
            for x, y, w, h in boxes
        ]
        wanted.append(targets(np.array(rows, np.float32).reshape(-1, 4)))
    shown, answers = np.stack(images), np.stack(wanted)
    both = np.concatenate([shown, shown[:, :, ::-1]])
    mirrored = answers[:, :, ::-1].copy()
    mirrored[..., 1] = np.where(mirrored[..., 0] > 0, 1 - mirrored[..., 1], 0)
    made = network()
    steps = epochs * -(-len(both) // 16)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    made.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), loss)
    made.fit(both, np.concatenate([answers, mirrored]), batch_size=16, epochs=epochs, verbose=0)
    return made


def write_onnx(made: keras.Model, path: Path) -> None:
    """Write the network in YOLOv8's layout: (N, 5, cells), boxes in pixels."""
    grid = (np.stack(np.meshgrid(np.arange(CELLS), np.arange(CELLS)), -1) + 0.5) / CELLS

    def run(images: Any) -> Any:
        found = made(images, training=False)
        middle = found[..., 1:3] * 0.1 + tf.constant(grid, tf.float32)
        boxes = tf.concat([middle, found[..., 3:]], -1) * SIDE
        rows = tf.concat([boxes, tf.sigmoid(found[..., :1])], -1)
        return {"output0": tf.transpose(tf.reshape(rows, (-1, CELLS * CELLS, 5)), (0, 2, 1))}

    signature = [tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32, name="images")]
    model, _ = from_function(tf.function(run, input_signature=signature), signature, opset=18)
    onnx.save(model, path)


def average_precision(
    found: Mapping[str, Sequence[Sequence[float]]], truth: Mapping[str, list[Boxes]]
) -> float:
    """AP at an IoU of 0.5, area under the precision-recall curve; rows end with the confidence."""
    rows = sorted(
        ((row, name) for name in found for row in found[name]), key=lambda one: -one[0][4]
    )
    taken = {name: np.zeros(len(boxes), bool) for name, boxes in truth.items()}
    hits = []
    for row, name in rows:
        shares = [overlap(row[:4], box) for box in truth[name]]
        best = int(np.argmax(shares)) if shares else -1
        hit = best >= 0 and shares[best] >= 0.5 and not taken[name][best]
        hits.append(hit)
        if hit:
            taken[name][best] = True
    total = sum(len(boxes) for boxes in truth.values())
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(envelope * np.diff(np.r_[0, right / total])))


def recall(
    found: Mapping[str, Sequence[Sequence[float]]],
    truth: Mapping[str, list[Boxes]],
    largest: float,
    least: float = 0.5,
) -> tuple[float, int]:
    """Share of the animals of at most this area that a box of 0.3 finds, and their number."""
    hits = [
        any(overlap(row[:4], box) >= least for row in found[name] if row[4] >= 0.3)
        for name, boxes in truth.items()
        for box in boxes
        if box[2] * box[3] <= largest
    ]
    return (float(np.mean(hits)) if hits else float("nan")), len(hits)


def false_boxes(
    found: Mapping[str, Sequence[Sequence[float]]],
    truth: Mapping[str, list[Boxes]],
    least: float,
) -> int:
    """The number of boxes of 0.3 that overlap no animal by this much."""
    return sum(
        all(overlap(row[:4], box) < least for box in truth[name])
        for name, rows in found.items()
        for row in rows
        if row[4] >= 0.3
    )


def lost_boxes(
    one: Mapping[str, Sequence[Sequence[float]]], other: Mapping[str, Sequence[Sequence[float]]]
) -> tuple[int, int]:
    """The number of boxes of 0.3 that `other` has not, at 0.15 or more, and of all."""
    lost = [
        all(overlap(row[:4], again[:4]) < 0.5 for again in other[name] if again[4] >= 0.15)
        for name, rows in one.items()
        for row in rows
        if row[4] >= 0.3
    ]
    return sum(lost), len(lost)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def detect(
    folder: Path, photos: Path, name: str, *options: object, network: str = ""
) -> dict[str, list[list[float]]]:
    """The boxes of all photos: left, top, width, height, confidence."""
    output = folder / f"{name}.json"
    ctc("detect", folder / f"detector{network}.onnx", photos, "--output", output,
        "--min-confidence", 0.05, *options)  # fmt: skip
    images = json.loads(output.read_text())["images"]
    return {
        one["file"]: [[*box["bbox"], box["conf"]] for box in one["detections"]] for one in images
    }


def classifier(folder: Path, name: str, dataset: Path, epochs: int, seed: int) -> Path:
    """A model file that learnt from a dataset."""
    ctc("train", dataset, "--output", folder / name, "--backbone", "small_cnn", "--width", 64,
        "--height", 64, "--label", "species", "--optimizer", "adamw", "--batch-size", 32,
        "--epochs", epochs, "--seed", seed)  # fmt: skip
    ctc("export", folder / name, "--output", folder / f"{name}.onnx")
    return folder / f"{name}.onnx"


def answers(folder: Path, name: str, model: Path, *options: object) -> dict[str, dict[str, float]]:
    """Per event the probabilities of its species."""
    columns = [part for n in (1, 2, 3) for part in ("--image", f"image{n}")]
    output = folder / f"{name}.csv"
    ctc("predict", model, folder / "test.csv", "--event-id", "event_id", *columns, "--image-root",
        folder / "photos", "--output", output, *options)  # fmt: skip
    with output.open(encoding="utf-8", newline="") as file:
        return {row["id"]: json.loads(row["predictions_all"]) for row in csv.DictReader(file)}


def accuracy(
    found: Mapping[str, Mapping[str, float]], rows: Sequence[Mapping[str, str]]
) -> tuple[float, float, float]:
    """Share of right events, and its 95 % interval: cameras drawn again and again."""
    right: dict[str, list[bool]] = {}
    for row in rows:
        top = max(found[row["event_id"]], key=found[row["event_id"]].__getitem__)
        top = "empty" if top == "blank" else top
        right.setdefault(row["location"], []).append(top == row["species"])
    generator, places = np.random.default_rng(0), list(right.values())
    drawn = [
        np.mean(
            np.concatenate([places[i] for i in generator.integers(0, len(places), len(places))])
        )
        for _ in range(2000)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(np.mean(np.concatenate(places))), float(low), float(high)


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in (("--seed", 1), ("--locations", 20), ("--events", 32), ("--epochs", 25)):
        parser.add_argument(name, type=int, default=value)
    parser.add_argument("--small", type=float, metavar="SCALE")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    world = {"locations": options.locations, "events_per_location": options.events}
    with tempfile.TemporaryDirectory() as place:
        if options.small:
            find_small(Path(place), options.seed, options.epochs, options.small, world)
        else:
            compare(Path(place), options.seed, options.epochs, world)


def find_small(
    folder: Path, seed: int, epochs: int, scale: float, world: Mapping[str, int]
) -> None:
    """Print what a detector finds of small animals, whole and in tiles."""
    for name, size in (("near", 4 * scale), ("far", scale)):
        draw_world(folder / name, seed=seed, animal_scale=size, **world)
    near, far = read_truth(folder / "near"), read_truth(folder / "far")
    new = new_cameras(near, seed)
    known = {name: boxes for name, boxes in near.items() if camera(name) not in new}
    unseen = {name: boxes for name, boxes in far.items() if camera(name) in new}
    photos = folder / "near" / "photos"
    known |= write_parts(photos, known, np.random.default_rng(seed))
    write_detector(train_detector(photos, known, epochs), folder)
    (folder / "new").mkdir()
    for name in new:
        (folder / "new" / name).symlink_to(folder / "far" / "photos" / name)
    widths = np.array([box[2] for boxes in unseen.values() for box in boxes])
    print(f"animals of {widths.min():.1%} to {widths.max():.1%} of the photo's width, "
          f"{np.mean(widths < NARROW):.0%} of them below {NARROW:.0%}; {len(unseen):,} photos of "
          f"{len(new)} new cameras; seed {seed}\n")  # fmt: skip
    print("| small animals | recall | boxes of 0.3 that show none, per photo |\n|---|---|---|")
    for tiles in (1, 2, 3):
        found = detect(folder, folder / "new", f"tiles{tiles}", "--tiles", tiles)
        here, count = recall(found, unseen, 1, ROUGH)
        way = "whole photos" if tiles == 1 else f"and {tiles} × {tiles} tiles"
        wrong = false_boxes(found, unseen, ROUGH) / len(unseen)
        print(f"| {way} | {here:.3f} (of {count}) | {wrong:.2f} |", flush=True)


def write_parts(
    photos: Path, truth: Mapping[str, list[Boxes]], generator: np.random.Generator
) -> dict[str, list[Boxes]]:
    """Save a part of every photo, a third to a half of its sides, around one of its animals;
    return the boxes of the parts, without animals that are cut in half."""
    parts = {}
    for name, boxes in truth.items():
        photo = Image.open(photos / name)
        side = generator.uniform(1 / 3, 1 / 2)
        place = generator.uniform(0, 1, 2)
        if boxes:
            middle = boxes[0][:2] + np.array(boxes[0][2:]) / 2
            place = middle - side * generator.uniform(0.2, 0.8, 2)
        left, top = np.clip(place, 0, 1 - side)
        wide, high = photo.size
        corners = (left * wide, top * high, (left + side) * wide, (top + side) * high)
        part = f"{name}.part.png"
        photo.crop(tuple(map(round, corners))).save(photos / part)
        moved = [((x - left) / side, (y - top) / side, w / side, h / side) for x, y, w, h in boxes]
        cut = [(box, clipped(box)) for box in moved]
        parts[part] = [new for old, new in cut if new[2] * new[3] > old[2] * old[3] / 2]
    return parts


def clipped(box: Sequence[float]) -> tuple[float, float, float, float]:
    """The part of a box that is in the picture, without height or width if there is none."""
    left, top = max(0.0, box[0]), max(0.0, box[1])
    right, bottom = min(1.0, box[0] + box[2]), min(1.0, box[1] + box[3])
    return left, top, max(0.0, right - left), max(0.0, bottom - top)


def camera(name: str) -> str:
    return name.partition("/")[0]


def new_cameras(names: Iterable[str], seed: int) -> set[str]:
    """Draw the cameras that nothing learns from."""
    cameras = sorted({camera(name) for name in names})
    order = np.random.default_rng(seed).permutation(cameras)
    return set(order[: round(TEST_SHARE * len(cameras))].tolist())


def read_truth(folder: Path) -> dict[str, list[Boxes]]:
    """The boxes of each photo of a drawn world."""
    return {
        one["file"]: [box["bbox"] for box in one["detections"]]
        for one in json.loads((folder / "boxes.json").read_text())["images"]
    }


def write_detector(made: keras.Model, folder: Path, *options: object, name: str = "") -> None:
    """Import the network as `folder/detector.onnx`; `options` and `name` for a further one."""
    write_onnx(made, folder / "raw.onnx")
    (folder / "names.txt").write_text("animal\n")
    ctc("import", folder / "raw.onnx", "--detector", "yolov8", "--classes", folder / "names.txt",
        "--scale", 1, "--output", folder / f"detector{name}.onnx", *options)  # fmt: skip


def compare(folder: Path, seed: int, epochs: int, world: Mapping[str, int]) -> None:
    """Draw, train, and print what each way finds at new cameras."""
    draw_world(folder, seed=seed, **world)
    photos = folder / "photos"
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = read_truth(folder)
    new = new_cameras(truth, seed)
    cameras = {camera(name) for name in truth}
    for name, chosen in (("train", cameras - new), ("test", new)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for row in rows if row["location"] in chosen)
    known = {name: boxes for name, boxes in truth.items() if camera(name) not in new}
    unseen = {name: boxes for name, boxes in truth.items() if name not in known}
    (folder / "known").mkdir()
    for name in cameras - new:
        (folder / "known" / name).symlink_to(photos / name)
    made = train_detector(photos, known, epochs)
    write_detector(made, folder)
    write_detector(made, folder, "--precision", "int8", "--calibration-photos", folder / "known",
                   "--min-agreement", 0.5, name="_int8")  # fmt: skip
    print(f"{len(known):,} photos of {len(cameras) - len(new)} cameras to learn from, "
          f"{len(unseen):,} of {len(new)} new ones; seed {seed}\n")  # fmt: skip
    print(
        "| boxes at new cameras | AP at 0.5 | recall of all | of small animals |\n|---|---|---|---|"
    )
    reference: dict[str, list[list[float]]] = {}
    for name, network, given in (
        ("whole photos", "", ()),
        ("in int8", "_int8", ()),
        ("and 2 × 2 tiles", "", ("--tiles", 2)),
    ):
        every = detect(folder, photos, name.replace(" ", "_"), *given, network=network)
        found = {image: every[image] for image in unseen}
        small, count = recall(found, unseen, SMALL)
        precision, all_of_them = average_precision(found, unseen), recall(found, unseen, 1)[0]
        print(f"| {name} | {precision:.3f} | {all_of_them:.3f} | {small:.3f} (of {count}) |")
        reference = reference or found
        if network:
            lost, boxes = lost_boxes(reference, found)
    print(f"\nint8: {lost} of {boxes} boxes of 0.3 are lost")
    images = [part for n in (1, 2, 3) for part in ("--image", f"image{n}")]
    ctc("inventory", "csv", folder / "train.csv", "--event-id", "event_id", *images, "--label",
        "species", "--meta", "location", "--image-root", photos, "--output",
        folder / "whole.parquet")  # fmt: skip
    ctc("inventory", "megadetector", folder / "boxes.json", "--inventory", folder / "whole.parquet",
        "--output", folder / "boxes.parquet")  # fmt: skip
    split = ("--group-by", "location", "--split", "train=0.85", "--split", "val=0.15")
    ctc("dataset", folder / "whole.parquet", "--output", folder / "whole_set", *split,
        "--smallest-side", 120)  # fmt: skip
    ctc("dataset", folder / "boxes.parquet", "--output", folder / "crops_set", *split,
        "--smallest-side", 96, "--crop-box", 0.1, "--crops", "all")  # fmt: skip
    whole = classifier(folder, "whole", folder / "whole_set", epochs, seed)
    crops = classifier(folder, "crops", folder / "crops_set", epochs, seed)
    with (folder / "test.csv").open(encoding="utf-8", newline="") as file:
        tested = list(csv.DictReader(file))
    alone = answers(folder, "alone", whole)
    boxed = answers(folder, "boxed", crops, "--detector", folder / "detector.onnx",
                    "--min-confidence", 0.3)  # fmt: skip
    both = {event: united(alone[event], boxed[event]) for event in alone}
    print(
        "\n| species of events at new cameras | right | 95 % interval over cameras |\n|---|---|---|"
    )
    for name, found_species in (
        ("whole photo", alone),
        ("crops of the detector", boxed),
        ("mean of both", both),
    ):
        mean, low, high = accuracy(found_species, tested)
        print(f"| {name} | {mean:.3f} | {low:.3f} to {high:.3f} |")


def united(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The mean of two answers; the detector's blank is empty."""
    values = {"empty" if name == "blank" else name: value for name, value in other.items()}
    return {name: (one.get(name, 0) + values.get(name, 0)) / 2 for name in {*one, *values}}


if __name__ == "__main__":
    main()
