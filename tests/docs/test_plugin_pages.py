"""The pages for plugin authors: what they quote is in the files, what there is they describe, and
their examples work."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ctc.plugin
import ctc.testing
from ctc.artifacts.predictions import BoxPrediction, EventPrediction, Failure, ImagePrediction
from ctc.plugin import BatchStream, Task
from ctc.plugin.kinds import KINDS, RecordKind

CHECKOUT = Path(__file__).resolve().parents[2]
TUTORIAL, REFERENCE = (
    CHECKOUT / "docs" / "plugins.md",
    CHECKOUT / "docs" / "reference" / "plugins.md",
)
QUOTE = re.compile(r"<!-- (file|part of): (\S+) -->\n```\w*\n(.*?)\n```\n", re.DOTALL)
BLOCK = re.compile(r"```python\n(.*?)```\n", re.DOTALL)
QUOTES = [
    (page, kind, file, text)
    for page in sorted((CHECKOUT / "docs").rglob("*.md"))
    for kind, file, text in QUOTE.findall(page.read_text(encoding="utf-8"))
]
RECORDS = [
    *(
        record
        for record in vars(ctc.plugin).values()
        if isinstance(record, type) and is_dataclass(record)
    ),
    EventPrediction,
    ImagePrediction,
    BoxPrediction,
    Failure,
]


@pytest.mark.parametrize(
    ("page", "kind", "file", "text"),
    QUOTES,
    ids=[f"{page.name}-{n}" for n, (page, *_) in enumerate(QUOTES)],
)
def test_quotes_equal_their_files(page: Path, kind: str, file: str, text: str) -> None:
    held = (CHECKOUT / file).read_text(encoding="utf-8").rstrip("\n")
    told = f"{page.name} quotes '{file}' wrongly: paste it again"
    assert text == held if kind == "file" else f"\n{text}\n" in f"\n{held}\n", told


def test_tutorial_code_is_quoted() -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    assert text.count("```python") + text.count("```toml") == len(QUOTE.findall(text)) > 9


def test_tutorial_shows_message_of_check() -> None:
    _, _, _, source = next(quote for quote in QUOTES if quote[2].endswith("trimmed_mean.py"))
    module: dict[str, Any] = {}
    exec(source.replace("axis=0", "axis=1"), module)
    with pytest.raises(AssertionError) as raised:
        ctc.testing.check_aggregation(*module["ctc_aggregations"]())
    assert f"    AssertionError: {raised.value}\n" in TUTORIAL.read_text(encoding="utf-8")


def section(title: str) -> str:
    """What the reference says under a heading, up to the next of any rank."""
    text = REFERENCE.read_text(encoding="utf-8")
    found = re.search(rf"^##+ `{title}`\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"docs/reference/plugins.md has no section on '{title}': add one"
    return found[1]


def described(title: str) -> set[str]:
    """The names in the first column of the section's table."""
    rows = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.hook)
def test_reference_describes_hooks_records_and_checks(kind: RecordKind) -> None:
    assert described(kind.hook) == {field.name for field in fields(kind.record_type)}
    assert check_of(kind) in ctc.testing.__all__, "every kind of plugin has a check in ctc.testing"
    assert f"`{check_of(kind)}(record" in section(kind.hook)


@pytest.mark.parametrize(
    "record", [r for r in RECORDS if r not in {kind.record_type for kind in KINDS}]
)
def test_reference_describes_fields_of_other_records(record: type[Any]) -> None:
    assert described(record.__name__) == {field.name for field in fields(record)}


def test_reference_describes_streams_and_tasks() -> None:
    assert described("Task") == {name for name in vars(Task) if not name.startswith("_")}
    assert described("BatchStream") == {
        name for name in vars(BatchStream) if not name.startswith("_")
    }


CHECKS = [getattr(ctc.testing, name) for name in ctc.testing.__all__ if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_tutorial_describes_arguments_of_checks(check: Callable[..., None]) -> None:
    """Beside the record, or the source or module to check."""
    rows = TUTORIAL.read_text(encoding="utf-8").partition("| check | argument |")[2]
    described = set(re.findall(r"^\|[^|]*\| `(\w+)", rows.partition("\n\n")[0], re.MULTILINE))
    _, *others = signature(check).parameters
    assert set(others) - {"source"} <= described


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.hook)
def test_reference_examples_pass_their_checks(kind: RecordKind, tmp_path: Path) -> None:
    (tmp_path / "fox_1.jpg").touch()
    points = np.array([[[30, 40, 0.9]], [[50, 20, 0.4]]], np.float32)
    boxes = [[(10, 20, 50, 60, 0.9, 0)], [(30, 0, 70, 40, 0.4, 0)]]
    needed: dict[str, list[Any]] = {
        "ctc_input_formats": [tmp_path],
        "ctc_backbones": [(24, 32)],
        "ctc_detectors": [{"points": points}, boxes],
    }
    named = {"ctc_detectors": {"size": (64, 96)}}
    check = getattr(ctc.testing, check_of(kind))
    check(*records_of(kind.hook), *needed.get(kind.hook, []), **named.get(kind.hook, {}))


def check_of(kind: RecordKind) -> str:
    """The name of the check that plugin authors have for it."""
    return f"check_{kind.title.replace(' ', '_')}"


def records_of(hook: str) -> list[Any]:
    """What the hook of the section's example returns."""
    (source,) = BLOCK.findall(section(hook))
    module: dict[str, Any] = {}
    exec(source, module)
    return list(module[hook]())
