"""Photos of cameras that change between two runs of `--update`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from ctc.cli.main import run


def run_ctc(*arguments: object) -> int:
    return run([*map(str, arguments)])


def save_photo(path: Path, red: int, taken: str | None = None) -> Path:
    """Save a photo of one colour, with an EXIF time if given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    Image.new("RGB", (64, 48), (red, 0, 255 - red)).save(path, quality=95, exif=exif)
    return path


def save_bursts(folder: Path, minutes: Iterable[int]) -> None:
    """Save two photos for each minute, a second apart."""
    for minute in minutes:
        for second in (1, 2):
            name = f"{minute:02}_{second}.jpg"
            save_photo(folder / name, 4 * minute + second, f"2025:06:01 10:{minute:02}:0{second}")


def change_photos(photos: Path) -> None:
    """Let photos come, join an event, move, be renamed, change, be mended and go."""
    save_bursts(photos / "b", range(20, 23))
    save_photo(photos / "a" / "03_3.jpg", 90, "2025:06:01 10:03:05")
    (photos / "moved").mkdir()
    for second in (1, 2):
        (photos / "a" / f"04_{second}.jpg").rename(photos / "moved" / f"04_{second}.jpg")
        (photos / "a" / f"05_{second}.jpg").rename(photos / "a" / f"x5_{second}.jpg")
        (photos / "a" / f"06_{second}.jpg").unlink()
    save_photo(photos / "a" / "07_1.jpg", 240, "2025:06:01 10:07:01")
    save_photo(photos / "a" / "broken.jpg", 100)


def output_files(output: Path) -> dict[str, bytes]:
    """The contents of an output and its list of failures."""
    found = [output, output.with_name(f"{output.name}.failures.csv")]
    return {path.name: path.read_bytes() for path in found if path.exists()}
