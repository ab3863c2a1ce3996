"""Hold promises against simulated worlds: python -m benchmarks.promises STUDY [--runs N]

Each study is a module STUDY.py beside this file.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

STUDIES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__main__"
)


def main() -> None:
    """Print the table of a study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--runs", type=int, default=300, help="repetitions per world")
    given = parser.parse_args()
    import_module(f"benchmarks.promises.{given.study}").main(given.runs)


if __name__ == "__main__":
    main()
