"""How long `ctc --help` takes against `import click`, and `ctc predict` of one photo against
`import onnxruntime`: python -m benchmarks.prediction.startup [MODEL PHOTO] [--runs 30]

Modules are compiled once, in the first round, which doesn't count: so does pip."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from statistics import median
from typing import NamedTuple

GOAL_HELP, GOAL_PREDICT = 2.5, 5.0
CTC = str(Path(sysconfig.get_path("scripts")) / "ctc")
CLICK, RUNTIME = 'python -c "import click"', 'python -c "import onnxruntime"'
HELP, PREDICT = "ctc --help", "ctc predict of one photo"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    CLICK: [sys.executable, "-c", "import click"],
    HELP: [CTC, "--help"],
}


def with_byte_code(folder: Path) -> dict[str, str]:
    """The environment of commands that keep the byte code of their modules in a folder."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder)}


class Taken(NamedTuple):
    """Seconds of a command: by the clock, and of all its threads."""

    wall: float
    cpu: float


def run(command: list[str], environment: Mapping[str, str]) -> Taken:
    """Run a command once."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command,
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(wall, cpu)


def measure(
    commands: Mapping[str, list[str]], runs: int, environment: Mapping[str, str]
) -> dict[str, Taken]:
    """Median seconds of each command; the commands take turns, so that a busy machine slows all
    alike."""
    rounds = [
        {name: run(one, environment) for name, one in commands.items()} for _ in range(runs + 1)
    ]
    return {
        name: Taken(*(median(one[name][at] for one in rounds[1:]) for at in range(2)))
        for name in commands
    }


def predict_commands(model: Path, photo: Path, folder: Path) -> dict[str, list[str]]:
    """`import onnxruntime`, and the prediction of a photo."""
    output = str(folder / "predictions.csv")
    return {
        RUNTIME: [sys.executable, "-c", "import onnxruntime"],
        PREDICT: [CTC, "predict", str(model), str(photo), "--output", output, "--overwrite"],
    }


def is_reached(ours: str, base: str, goal: float, found: Mapping[str, Taken]) -> bool:
    """Print a ratio beside its goal."""
    ratio = found[ours].wall / found[base].wall
    print(f"`{ours}` / `{base}`: {ratio:.2f}, goal {goal:g}")
    return ratio <= goal


def processor() -> str:
    """The processor's name where the system tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> int:
    """Print Markdown; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("photo", type=Path, nargs="?")
    parser.add_argument("--runs", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = dict(COMMANDS)
        if options.photo:
            commands |= predict_commands(options.model, options.photo, Path(folder))
        found = measure(commands, options.runs, with_byte_code(Path(folder) / "byte_code"))
    print(
        f"{date.today()}, {processor()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.0f}\n"
    )
    print("| | ms, median | ms of CPU |\n|---|---|---|")
    for name, taken in found.items():
        print(f"| `{name}` | {1000 * taken.wall:.0f} | {1000 * taken.cpu:.0f} |")
    print()
    reached = [is_reached(HELP, CLICK, GOAL_HELP, found)]
    if options.photo:
        reached.append(is_reached(PREDICT, RUNTIME, GOAL_PREDICT, found))
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
