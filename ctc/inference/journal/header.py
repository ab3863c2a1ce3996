"""Header of a journal: the run that it belongs to, and what all of its results have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ctc.artifacts.label_schema import LabelSchema
from ctc.errors import InputError
from ctc.runtime.config import RuntimeConfig

COMMAND, PREDICT = "command", "predict"
"""Key of the identity for the command, and the command that has none there."""
UPDATE = "--update"
"""Key of the identity of runs that note the contents of their photos."""


@dataclass(frozen=True)
class RunHeader:
    """The first line of a journal or part file.

    `identity`: everything that decides the results; two runs with the same identity give the same.
    `shard`: (index from 0, count). `created`: when the run began, in UTC. `runtime`: what runs the
    network; its `threads` are not written, since a resumed run may use another number. `model`: the
    name of the model file. `schema`, `notes`, `image_root`, `input_size`, `provenance`: see
    `OutputContext`. `settings`: see `HeaderFacts`. `folder`: what relative paths of photos start
    from, with `--update`.
    """

    identity: Mapping[str, str]
    shard: tuple[int, int]
    created: datetime
    runtime: RuntimeConfig
    model: str
    schema: LabelSchema
    notes: tuple[str, ...]
    image_root: str
    input_size: tuple[int, int] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""

    @property
    def is_updatable(self) -> bool:
        """Whether the contents of the photos are noted, see `--update`."""
        return UPDATE in self.identity

    @property
    def command(self) -> str:
        """The command of the run: 'predict', 'embed', …."""
        return self.identity.get(COMMAND, PREDICT)

    def describe_mismatch(self, identity: Mapping[str, str]) -> str | None:
        """Return, in words, how this run differs from one with `identity`; None if it doesn't."""
        for key in {COMMAND: "", **self.identity, **identity}:
            if self.identity.get(key) != identity.get(key):
                known = {
                    "model": "another model",
                    "photos": "other photos",
                    COMMAND: f"`ctc {self.command}`",
                }
                return known.get(key, f"{key} {self.identity.get(key, 'not set')}")
        return None

    def to_json(self) -> dict[str, Any]:
        """Return what `json.dumps` takes, in the order of the file format."""
        return {
            "identity": dict(self.identity),
            "shard": self.shard,
            "created": self.created.isoformat(),
            "provider": self.runtime.provider,
            "precision": self.runtime.precision,
            "batch_size": self.runtime.batch_size,
            "model": self.model,
            "labels": dict(self.schema.labels),
            "thresholds": dict(self.schema.thresholds),
            "notes": self.notes,
            "image_root": self.image_root,
            "multi_label": self.schema.multi_label,
            **(
                {}
                if self.schema.stranger_threshold is None
                else {"stranger_threshold": self.schema.stranger_threshold}
            ),
            **(
                {"photo_thresholds": dict(self.schema.photo_thresholds)}
                if self.schema.photo_thresholds
                else {}
            ),
            **({"input_size": self.input_size} if self.input_size else {}),
            **({"provenance": dict(self.provenance)} if self.provenance else {}),
            **({"settings": dict(self.settings)} if self.settings else {}),
            **({"folder": self.folder} if self.folder else {}),
        }

    @classmethod
    def from_json(cls, data: Any) -> RunHeader:
        """Parse what `to_json` returned. Raises InputError for anything else."""
        try:
            values = dict(data)
            take = values.pop
            runtime = RuntimeConfig(take("provider"), take("precision"), take("batch_size"))
            schema = LabelSchema(
                {label: tuple(classes) for label, classes in take("labels").items()},
                {label: tuple(limits) for label, limits in take("thresholds").items()},
                tuple(take("multi_label", ())),
                take("stranger_threshold", None),
                {label: tuple(limits) for label, limits in take("photo_thresholds", {}).items()},
            )
            index, count = take("shard")
            height, width = values.pop("input_size", None) or (0, 0)
            created, notes = datetime.fromisoformat(take("created")), tuple(take("notes"))
            shared: dict[str, Any] = {
                "created": created,
                "notes": notes,
                "shard": (index, count),
                "input_size": (height, width) if height else None,
            }
            return cls(runtime=runtime, schema=schema, **shared, **values)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise InputError(f"its first line can't be parsed: {error}") from None
