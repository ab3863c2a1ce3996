"""How long `ctc --help` takes against `python -c "import click"`: python benchmarks/startup.py
[--runs 30]"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import sysconfig
import time
from datetime import date
from pathlib import Path
from statistics import median

GOAL = 2.5
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    'python -c "import click"': [sys.executable, "-c", "import click"],
    "ctc --help": [str(Path(sysconfig.get_path("scripts")) / "ctc"), "--help"],
}
BASE, OURS = 'python -c "import click"', "ctc --help"


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(runs: int) -> dict[str, float]:
    """Median seconds of each command; the commands take turns, so that a busy machine slows all
    alike."""
    rounds = [
        {name: seconds(command) for name, command in COMMANDS.items()} for _ in range(runs + 1)
    ]
    return {name: median(one[name] for one in rounds[1:]) for name in COMMANDS}


def processor() -> str:
    """The processor's name where the system tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> int:
    """Print a Markdown table; the exit code is 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    medians = measure(parser.parse_args().runs)
    ratio = medians[OURS] / medians[BASE]
    print(
        f"{date.today()}, {processor()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}\n"
    )
    print("| | ms, median | ratio |\n|---|---|---|")
    for name, value in medians.items():
        print(f"| `{name}` | {1000 * value:.0f} | {value / medians[BASE]:.2f} |")
    print(f"\ngoal: {GOAL}, reached: {ratio:.2f}")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
