"""What README.md and docs/ show runs: each page's commands and Python, in order, in a folder with a
small world in it.

A comment before a block says what else to do with it: `<!-- not run: WHY -->`, its commands are
parsed only; `<!-- save as: NAME -->`, it is a file that others on the page read."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
import pyarrow.parquet as pq
import pytest
from foreign_network import CLASSES, color_graph

from ctc.cli.main import run as ctc
from ctc.demo.tour import commands as commands_of_the_demo
from ctc.demo.world import draw_new_photos, draw_world

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.subprocess,
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^\n:]+): (?P<said>[^\n]+) -->\n)?"
    r"(?:```(?P<language>\w*)\n(?P<fenced>.*?)```\n|(?<=\n\n)(?P<indented>(?:    [^\n]*\n+)+))",
    re.DOTALL,
)
COMMAND = re.compile(
    r"(?:\$ )?(?P<environment>(?:[A-Z_]+=\S* )*)(?P<words>(?:ctc [a-z]|sbatch ).*)"
)
IN_A_CONTAINER = re.compile(r"(?:docker|apptainer) .* ctc(?::gpu)? (?P<words>[a-z].*)")
ONLY_PARSED = {"demo", "doctor", "serve"}
"""Commands that have tests of their own: they take minutes, or never end."""
OTHERS_TEST = {DOCS / "plugins.md", DOCS / "model-file.md", DOCS / "reference" / "plugins.md"}
"""Pages whose code other tests run; their commands are parsed here."""
QUICKLY = {
    "CTC_TRAIN_EPOCHS": "1",
    "CTC_TRAIN_HEIGHT": "32",
    "CTC_TRAIN_WIDTH": "32",
    "CTC_TRAIN_BATCH_SIZE": "16",
}
QUICKER = {"--backbone": "small_cnn", "--epochs": "1", "--head-epochs": "1"}
"""Values that take the place of those on the page, so that a network is there in seconds."""


@dataclass(frozen=True)
class Block:
    """Code on a page. `mark` and `said`: the comment before it, `<!-- mark: said -->`."""

    mark: str
    said: str
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Each command in one line."""
        return [line.strip() for line in self.text.replace("\\\n", " ").splitlines()]

    def commands(self) -> Iterator[tuple[dict[str, str], list[str]]]:
        """The `ctc` and `sbatch` commands: the environment set before each, and its words."""
        for found in filter(None, map(COMMAND.fullmatch, self.lines)):
            environment = dict(word.split("=", 1) for word in shlex.split(found["environment"]))
            yield environment, shlex.split(found["words"], comments=True)


def blocks_of(page: Path) -> list[Block]:
    found = (
        match.groupdict(default="") for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
    )
    return [
        Block(one["mark"], one["said"], one["language"], one["fenced"] or one["indented"])
        for one in found
    ]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, write_bright_detector: Callable[..., Path]
) -> Path:
    """What the pages' commands start from: four cameras' photos, and what the demo would make of
    them."""
    folder = tmp_path_factory.mktemp("world")
    draw_world(folder, seed=1, locations=4, events_per_location=8)
    draw_new_photos(folder, seed=1, count=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in commands_of_the_demo(Path(), seed=1, epochs=1)[:4]:
            assert ctc(words) == 0
        assert (
            ctc(["predict", "model.onnx", "inventory.parquet", "--output", "predictions.csv"]) == 0
        )
        _write_more(folder)
        write_bright_detector(folder / "detector.onnx", (128, 128))
    return folder


def _write_more(folder: Path) -> None:
    """Files of other kinds, with the same photos."""
    onnx.save(color_graph(side=224), "network.onnx")
    Path("classes.txt").write_text("\n".join(CLASSES) + "\n")
    inventory = pq.read_table("inventory.parquet")
    pq.write_table(inventory[:10], "north.parquet")
    pq.write_table(inventory[10:], "south.parquet")
    Path("new-photos").rename("new_photos")
    Path("lab.toml").write_text("[predict]\nbatch-size = 16\n")
    with open("labels.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        target = folder / "my_photos" / row["species"]
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "photos" / row["image1"], target / row["image1"].replace("/", "-"))
    images = [row[name] for row in rows for name in ("image1", "image2", "image3") if row[name]]
    box = {"category": "1", "conf": 0.9, "bbox": [0.3, 0.3, 0.4, 0.4]}
    detected = {
        "info": {"format_version": "1.6"},
        "detection_categories": {"1": "animal"},
        "images": [{"file": image, "detections": [box]} for image in images],
    }
    Path("boxes.json").write_text(json.dumps(detected))
    Path("boxes_of_photos.json").write_text(json.dumps(detected))
    of_2 = {
        row["event_id"]: {
            "labels": [{"species": row["species"], "count": row["count"] or "-1"}],
            "images": [row["image1"]],
            "meta_data": {},
        }
        for row in rows
    }
    Path("inventory.json").write_text(json.dumps(of_2))
    package = ["--format", "camtrap-dp", "--time-zone", "Europe/Berlin"]
    assert ctc(["predict", "model.onnx", "photos", "--output", "package", *package]) == 0
    shutil.copytree("photos", "package", dirs_exist_ok=True)


@pytest.fixture
def page_folder(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the world in it."""
    shutil.copytree(world, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for name, value in QUICKLY.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_page_commands_run(page: Path, page_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for block in blocks_of(page):
        if block.mark == "save as":
            (page_folder / block.said).write_text(block.text, encoding="utf-8")
            continue
        if block.language == "python" and page not in OTHERS_TEST:
            exec(block.text, {})
        for environment, words in block.commands():
            with monkeypatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                _run(words, only_parse=bool(block.mark) or page in OTHERS_TEST)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_page_commands_not_run_are_parsed(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "sh" or block.mark == "not run":
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
        for found in filter(None, map(IN_A_CONTAINER.fullmatch, block.lines)):
            _run(["ctc", *shlex.split(found["words"])], only_parse=True)


def test_readme_shows_commands_of_demo() -> None:
    shown = [
        words[1:] for block in blocks_of(CHECKOUT / "README.md") for _, words in block.commands()
    ]
    of_the_demo = commands_of_the_demo(Path("demo"), seed=1, epochs=45)
    assert [words for words in shown if words in of_the_demo] == of_the_demo
    for words in shown:
        _run(["ctc", *words], only_parse=True)


def _run(words: list[str], *, only_parse: bool) -> None:
    program, *words = words
    if program == "sbatch":
        _run_array(Path(words[0]))
        return
    if only_parse or words[0] in ONLY_PARSED or "KERAS_BACKEND" in os.environ:
        words = [*words, "--show-config"]
    elif "--output" in words:
        _remove(Path(words[words.index("--output") + 1]))
    quick = [
        QUICKER.get(option, word) for option, word in zip([program, *words], words, strict=False)
    ]
    told = [
        one
        for word in quick
        for one in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    assert ctc(told) == 0, shlex.join(words)


def _run_array(script: Path) -> None:
    """Each job of a SLURM array, one after the other."""
    last = re.search(r"--array=1-(\d+)$", script.read_text(), re.MULTILINE)
    assert last is not None
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for number in range(1, int(last[1]) + 1):
        job = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_CPUS_PER_TASK": "1", "PATH": path}
        subprocess.run(["bash", script], env={**os.environ, **job}, check=True)


def _remove(path: Path) -> None:
    """Pages show ways to go that exclude each other, with one name for what comes out."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
