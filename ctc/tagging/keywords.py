"""Keywords of a photo: flat ones, and hierarchies such as `Species|fox`.

No program keeps all characters: `|` separates levels in Lightroom's field, `/` in digiKam's, and
Lightroom and camtrapR take a comma or semicolon for the end of a keyword. So that the same keyword
stands in all fields, `|`, `/` and `\\` become `-`, and `,` and `;` go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ctc.artifacts.observation_types import OF_INDIVIDUALS, observation_type
from ctc.tagging.config import TagConfig
from ctc.tagging.records import Answer, TaggedPhoto, known_answers

TAXONOMY = "Taxonomy"
"""Root of the lineages."""
_LEVELS, _ENDS = re.compile(r"[|/\\]"), re.compile(r"[,;]")
_NOT_XML = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Keywords:
    """`paths`: the levels of each keyword, its root first, in order, each once."""

    paths: tuple[tuple[str, ...], ...] = ()

    @property
    def flat(self) -> tuple[str, ...]:
        """The last level of each, as programs without hierarchies show them."""
        return tuple(dict.fromkeys(path[-1] for path in self.paths))

    def joined(self, separator: str) -> tuple[str, ...]:
        """Return each as one text."""
        return tuple(separator.join(path) for path in self.paths)


def photo_keywords(photo: TaggedPhoto, config: TagConfig) -> Keywords:
    """Return the keywords of a photo; none where no class is known or sure enough.

    An empty photo has none of labels such as `count`.
    """
    answers = [one for one in known_answers(photo.answers) if _is_wanted(one, config)]
    if _is_blank(photo):
        answers = [one for one in answers if one.label not in OF_INDIVIDUALS]
    paths: list[tuple[str, ...]] = [
        (clean(config.labels[one.label]), clean(one.name)) for one in answers
    ]
    if config.ranks:
        paths += [
            (TAXONOMY, *map(clean, one.lineage)) for one in answers if any(map(clean, one.lineage))
        ]
    return Keywords(tuple(dict.fromkeys(path for path in paths if all(path))))


def clean(text: str) -> str:
    """Return a name as a level of a keyword; see the module."""
    levels = _LEVELS.sub("-", _NOT_XML.sub(" ", text))
    return " ".join(_ENDS.sub(" ", levels).split())


def count_keywords(found: Iterable[Keywords]) -> dict[str, int]:
    """Return how many photos have each keyword, the most frequent first."""
    counts: dict[str, int] = {}
    for one in found:
        for text in one.joined("|"):
            counts[text] = counts.get(text, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def _is_blank(photo: TaggedPhoto) -> bool:
    """Return whether a label has a class of empty photos, and no other."""
    kinds: dict[str, set[str]] = {}
    for one in photo.answers:
        kinds.setdefault(one.label, set()).add(observation_type(one.name))
    own = (found for label, found in kinds.items() if label not in OF_INDIVIDUALS)
    return any(found == {"blank"} for found in own)


def _is_wanted(answer: Answer, config: TagConfig) -> bool:
    sure = answer.by_person or answer.confidence >= config.min_confidence
    return answer.label in config.labels and sure and (answer.by_person or not config.only_reviewed)
