"""Classes in the cells of a table's labels."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ctc.plugin import Option
from ctc.reporting import counted
from ctc.storage.csv_reader import MISSING

OPTIONS = (
    Option(
        "label-separator",
        "Text between several classes in a cell; each is an observation of its own.",
        metavar="TEXT",
    ),
    Option(
        "missing",
        "Cell of a label that means missing, beside empty cells.  "
        "[default: -1, NA, N/A, NaN, NULL, None, -, ? and .]",
        metavar="TEXT",
        multiple=True,
    ),
)


@dataclass
class LabelReader:
    """Reads the classes in the label cells of a row.

    `missing`: the texts that are no class. `separators`: per label, the text between several
    classes in a cell. `counts`: how often each missing text was read, per label, but for empty
    cells and -1. `log`: that of the format.
    """

    missing: frozenset[str]
    separators: Mapping[str, str]
    log: logging.Logger
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def from_options(
        cls,
        missing: Sequence[str] | None,
        separators: Mapping[str, str | None],
        log: logging.Logger,
    ) -> LabelReader:
        """Return the reader; `missing`: the values of `--missing`, if any."""
        given = {label: text for label, text in separators.items() if text}
        return cls(frozenset(("", *(missing or (*MISSING, "-1")))), given, log)

    def read(self, cells: Mapping[str, str]) -> Iterator[dict[str, str | None]]:
        """Yield the observations of a row: several if a cell has several classes.

        A label with one class has it in all of them; where labels have different numbers of
        classes, those that end early are missing.
        """
        classes = {label: self._classes(label, cell) for label, cell in cells.items()}
        for number in range(max(map(len, classes.values()), default=0)):
            observed = {
                label: names[0]
                if len(names) == 1
                else names[number]
                if number < len(names)
                else None
                for label, names in classes.items()
            }
            if any(observed.values()):
                yield observed

    def _classes(self, label: str, cell: str) -> list[str | None]:
        separator = self.separators.get(label)
        parts = [cell] if separator is None else cell.split(separator)
        return [self._class(label, part.strip()) for part in parts]

    def _class(self, label: str, name: str) -> str | None:
        if name not in self.missing:
            return name
        if name not in ("", "-1"):
            self.counts[label, name] += 1
        return None

    def log_missing(self) -> None:
        """Tell which texts were read as missing, and how often."""
        for (label, name), count in sorted(self.counts.items()):
            self.log.info(
                "%s '%s' of label '%s' read as missing; to have it as a class, list the missing "
                "ones with --missing",
                counted(count, "cell"),
                name,
                label,
            )
