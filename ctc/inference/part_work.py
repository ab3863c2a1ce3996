"""What an engine's workers do: predict a part into its file, through the pipeline of every run."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.atomic import partial_of
from ctc.errors import InputError
from ctc.inference.heading import Heading
from ctc.inference.journal import Journal
from ctc.inference.model_bytes import read_model
from ctc.inference.parts import Part, part_path
from ctc.inference.pieces import Truncated
from ctc.inference.pipeline import PipelineConfig, predict
from ctc.inference.providers import Engine
from ctc.inference.reading import Reading
from ctc.inference.session import load_model, open_model
from ctc.inference.tuning import Settings, settings_for
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.plugin.site import Site


@dataclass(frozen=True)
class Trial:
    """Start the network once, where it shall run: what runs it there, and with how many photos at a time. `photos`: of the whole run."""

    site: Site
    model: Path
    engine: Engine
    batch_size: int | None
    photos: int

    @property
    def cores(self) -> int:
        return self.engine.workers

    def open(self) -> Callable[[None], Settings]:
        self.site.go()
        model = load_model(self.model, self.engine)
        return lambda _: settings_for(model, self.batch_size, self.photos, self.cores)


@dataclass(frozen=True)
class PartWork:
    """Predict parts into `folder`. `heading`: the run's, and that of every part file."""

    site: Site
    model: Path
    reading: Reading
    aggregation: str
    truncated: Truncated
    heading: Heading
    folder: Path
    cores: int

    def open(self) -> Callable[[Part], None]:
        self.site.go()
        file = read_model(self.model)
        if file.digest != self.heading.identity["model"]:
            raise InputError(f"'{self.model}' on '{platform.node()}' is another model: give all machines the same file")
        model = open_model(file, self.heading.engine(self.cores))
        aggregation = plugins().get(Aggregation, self.aggregation)
        config = PipelineConfig(self.heading.batch_size, self.cores, self.truncated)

        def do(part: Part) -> None:
            path = part_path(self.folder, part.number)
            with (
                Journal(partial_of(path), self.heading) as journal,
                closing(predict(model, self.reading, part.events, aggregation, config)) as outcomes,
            ):
                for outcome in outcomes:
                    journal.append(outcome)
                journal.seal(path)

        return do
