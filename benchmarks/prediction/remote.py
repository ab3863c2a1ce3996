"""How much slower `ctc predict` is on photos in a bucket than on the same photos here:
python -m benchmarks.prediction.remote PHOTOS_DIR [--photos 400] [--rounds 3] [--milliseconds 30]

PHOTOS_DIR: real photos, JPEGs of some megapixels. The bucket (remote_bucket.py) is on this machine,
takes its share of the processor, and answers late, as one in a data centre nearby does. The ways
take turns; "one by one" is a loop that asks for a photo, waits for it, and predicts it with Pillow
and onnxruntime."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.prediction.speed import CORES, HERE, link, processor
from benchmarks.serving.load import CTC, usable

NETWORK = "mobilenet_v3_large"
LOOP_SHARE = 4
"""The loop sees every fourth photo."""
LOOP = """
import io, sys, numpy, onnxruntime, s3fs
from PIL import Image
session, files = onnxruntime.InferenceSession(sys.argv[1]), s3fs.S3FileSystem()
for name in sorted(files.ls("bucket"))[:: int(sys.argv[2])]:
    photo = Image.open(io.BytesIO(files.cat_file(name))).convert("RGB").resize((224, 224))
    session.run(None, {"images": numpy.asarray(photo)[None]})
"""


@contextmanager
def bucket(photos: Path, seconds: float) -> Iterator[dict[str, str]]:
    """The environment that leads to it."""
    command = [sys.executable, str(HERE / "remote_bucket.py"), str(photos), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        port = server.stdout.readline().strip()
        keys = {
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        yield {**os.environ, **keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        server.terminate()


def seconds_of(command: Sequence[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def measure(
    model: Path, photos: Path, environment: dict[str, str], rounds: int
) -> dict[str, float]:
    """Median seconds of each way."""
    predict = [*CTC, "predict", str(model), "--overwrite", "--output", str(photos.parent / "p.csv")]
    loop = [sys.executable, "-c", LOOP, str(model), str(LOOP_SHARE)]
    times = [
        {
            "here": seconds_of([*predict, str(photos)], environment),
            "bucket": seconds_of([*predict, "s3://bucket"], environment),
            "loop": LOOP_SHARE * seconds_of(loop, environment),
        }
        for _ in range(rounds)
    ]
    return {way: median(one[way] for one in times) for way in times[0]}


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--milliseconds", type=float, default=30)
    options = parser.parse_args()
    photos = usable(options.photos_dir)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = [sys.executable, str(HERE / "models.py"), name, *map(str, photos)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        link(photos, folder / "photos", options.photos)
        with bucket(folder / "photos", options.milliseconds / 1000) as environment:
            took = measure(
                folder / f"{NETWORK}.onnx", folder / "photos", environment, options.rounds
            )
    print(
        f"{date.today()}, {processor()}, {CORES} cores, Python {platform.python_version()}, "
        f"{options.photos} photos"
    )
    print("\n| | photos/s | of the same photos here |\n|---|---|---|")
    rows = (
        ("here", "`ctc predict`, photos here"),
        ("bucket", f"`ctc predict`, in a bucket {options.milliseconds:g} ms away"),
        ("loop", "a loop that asks for them one by one"),
    )
    for way, what in rows:
        print(f"| {what} | {options.photos / took[way]:.0f} | {took['here'] / took[way]:.0%} |")


if __name__ == "__main__":
    main()
