"""What an engine's workers do: predict a part into its file, through the pipeline of every run."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ctc.errors import InputError
from ctc.inference.journal.header import Heading
from ctc.inference.journal.journal import Journal
from ctc.inference.pipeline.inputs import Truncated
from ctc.inference.pipeline.pipeline import PipelineConfig, predict
from ctc.inference.postprocess import Reading
from ctc.inference.run.chunks import Part, part_path
from ctc.plugin import Aggregation
from ctc.plugin.engine_run import Site
from ctc.plugin.manager import plugins
from ctc.runtime.batch_size import Settings, settings_for
from ctc.runtime.model_bytes import read_model
from ctc.runtime.providers import Engine
from ctc.runtime.session import load_model, open_model
from ctc.storage.atomic import partial_of


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
