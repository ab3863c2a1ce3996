"""What `--update` costs and saves: python -m benchmarks.prediction.update MODEL PHOTOS_DIR
[--photos 240] [--rounds 3] [--many 10000] [--tiny MODEL]

First copies of real photos, each with bytes of its own behind the picture, in one thread: without
--update, for the first time with it, again, again with new times of all files, and again with a
tenth of new photos. Then so many tiny photos, which a run takes over: the cost of each, and the
size of the file of answers; MODEL predicts them, or the one of --tiny. Photos with `truncated` in
their name are left out."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from statistics import median

from PIL import Image

from ctc.inference.config import PredictConfig
from ctc.inference.run.predict_run import prepare_run
from ctc.inference.update import content
from ctc.inference.update.answers import answers_path
from ctc.plugin.manager import plugins
from ctc.runtime.config import RuntimeConfig

WAYS = ("without", "first", "unchanged", "new times", "a tenth new")


def seconds(model: Path, photos: Path, output: Path, *, update: bool) -> tuple[float, int]:
    """Return the processor time of a run in seconds, and how many photos it took over."""
    start = time.process_time()
    config = PredictConfig(
        model,
        (photos,),
        output,
        runtime=RuntimeConfig(batch_size=1, threads=1),
        update=output if update else None,
        overwrite=True,
    )
    summary = prepare_run(config, plugins()).run(lambda *_: None)
    return time.process_time() - start, summary.taken_over


def copy_photos(sources: list[Path], folder: Path, first: int, count: int) -> None:
    """Write photos with different contents."""
    folder.mkdir(exist_ok=True)
    for number, source in zip(range(first, first + count), cycle(sources), strict=False):
        (folder / f"{number:06}.jpg").write_bytes(source.read_bytes() + b"%016d" % number)


def real(model: Path, sources: list[Path], count: int, rounds: int) -> None:
    """Print the processor time of each way, per photo."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for way, value in _round(model, sources, count, Path(folder) / str(number)).items():
                found[way].append(value)
    middle = {way: median(values) for way, values in found.items()}
    for way, value in middle.items():
        print(f"{way}: {1e3 * value / count:.2f} ms a photo, {value / middle['without']:.3f}")


def _round(model: Path, sources: list[Path], count: int, folder: Path) -> dict[str, float]:
    photos, output = folder / "photos", folder / "p.csv"
    folder.mkdir()
    copy_photos(sources, photos, 0, count)
    time.sleep(content.SETTLED_SECONDS + 0.5)
    seconds(model, photos, folder / "warm.csv", update=False)

    def expect(known: int) -> float:
        taken, taken_over = seconds(model, photos, output, update=True)
        assert taken_over == known, (taken_over, known)
        return taken

    found = {"without": seconds(model, photos, folder / "plain.csv", update=False)[0]}
    found["first"] = expect(0)
    found["unchanged"] = expect(count)
    for path in photos.iterdir():
        os.utime(path, (1e9, 1e9))
    time.sleep(content.SETTLED_SECONDS + 0.5)
    found["new times"] = expect(count)
    copy_photos(sources, photos, count, count // 10)
    found["a tenth new"] = expect(count)
    return found


def many(model: Path, count: int) -> None:
    """Print what it costs to take over one of so many photos, and to keep its answer."""
    with tempfile.TemporaryDirectory() as name:
        folder, output = Path(name) / "photos", Path(name) / "p.csv"
        folder.mkdir()
        for number in range(count):
            Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, number // 65536)).save(
                folder / f"{number:08}.png"
            )
        time.sleep(content.SETTLED_SECONDS + 0.5)
        seconds(model, folder, output, update=True)
        taken, known = seconds(model, folder, output, update=True)
        assert known == count
        size = answers_path(output).stat().st_size
    print(f"{count:,} photos: {1e6 * taken / count:.0f} µs and {size / count:.0f} bytes for each")


def digest(sources: list[Path], read: Callable[[Path], bytes] = Path.read_bytes) -> None:
    """Print how long the digest of a photo takes."""
    photos = [read(path) for path in sources]
    reader = content.ContentReader(lambda path: photos[int(path)])
    start = time.process_time()
    for number in range(len(photos)):
        reader.content(str(number))
    taken, megabytes = time.process_time() - start, sum(map(len, photos)) / 1e6
    print(
        f"digest: {1e3 * taken / len(photos):.2f} ms for a photo of "
        f"{megabytes / len(photos):.1f} MB, {megabytes / taken:.0f} MB/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--photos", type=int, default=240)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--tiny", type=Path)
    options = parser.parse_args()
    found = sorted(options.photos_dir.rglob("*.jpg"))
    sources = [path for path in found if "truncated" not in path.name]
    digest(sources)
    real(options.model, sources, options.photos, options.rounds)
    many(options.tiny or options.model, options.many)


if __name__ == "__main__":
    main()
