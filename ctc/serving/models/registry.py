"""The models that are served, by name; each can be replaced while requests come in."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2

from ctc.artifacts.model_file import ModelInfo
from ctc.errors import CtcError, did_you_mean
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import Postprocessor, make_postprocessor
from ctc.runtime.batch_size import choose_batch_size
from ctc.runtime.model_bytes import read_model
from ctc.runtime.session import Model, open_model
from ctc.serving.config import ServeConfig
from ctc.serving.http.errors import NOT_FOUND, ApiError
from ctc.serving.http.metrics import Metrics
from ctc.serving.models.batcher import DynamicBatcher
from ctc.storage.remote_files import as_os_errors

log = logging.getLogger(__name__)

_FileSignature = tuple[int, int, int] | None


@dataclass(frozen=True)
class LoadedModel:
    """A model as its file was when it was read. `version` counts the files that were read for this
    name."""

    name: str
    version: int
    digest: str
    runtime_model: Model
    postprocessor: Postprocessor
    batcher: DynamicBatcher

    @property
    def info(self) -> ModelInfo:
        return self.runtime_model.info


class ModelRegistry:
    """All models of a server, and the threads that run them. Raises CtcError when one of them can't
    be opened."""

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        self._config, self._metrics = config, metrics
        self._known_signatures = {
            name: _file_signature(path) for name, path in config.models.items()
        }
        files = {name: read_model(path) for name, path in config.models.items()}
        models = {name: open_model(file, config.runtime_config) for name, file in files.items()}
        # as in `ctc predict`: one thread more than there are cores decodes while a device has its
        # turn, and OpenCV starts none
        workers = config.threads + any(model.is_on_device for model in models.values())
        self._pool = ThreadPoolExecutor(
            workers, "ctc-serve", initializer=cv2.setNumThreads, initargs=(1,)
        )
        self._models = {
            name: self._register(name, 1, files[name].digest, model)
            for name, model in models.items()
        }

    def __getitem__(self, name: str) -> LoadedModel:
        """The model of that name, as it is now; raises RequestError when there is none."""
        if name not in self._models:
            raise ApiError(NOT_FOUND, f"no model called '{name}'{did_you_mean(name, self._models)}")
        return self._models[name]

    def all(self) -> list[LoadedModel]:
        """Every model, as it is now, in the order they were given."""
        return list(self._models.values())

    def close(self) -> None:
        """Let the threads leave; what they have begun they finish."""
        self._pool.shutdown(cancel_futures=True)

    def reload_changed(self, pending: dict[str, _FileSignature]) -> dict[str, _FileSignature]:
        """Read the files that have changed and are the same as at the last look, so that none is
        read while it is being written. Takes and gives back those that have changed just now. A
        file that can't be served leaves the model of before."""
        changed = {
            name: found
            for name in self._known_signatures
            if (found := _file_signature(self._config.models[name])) != self._known_signatures[name]
        }
        for name, found in changed.items():
            if name in pending and pending[name] == found:
                self._known_signatures[name] = found
                self._reload(name)
        return {
            name: found for name, found in changed.items() if found != self._known_signatures[name]
        }

    def _reload(self, name: str) -> None:
        before = self._models[name]
        try:
            file = read_model(self._config.models[name])
            if file.digest != before.digest:
                model = open_model(file, self._config.runtime_config)
                self._models[name] = self._register(name, before.version + 1, file.digest, model)
                log.info(
                    "model '%s' is served from its new file, version %d", name, before.version + 1
                )
        except (CtcError, MemoryError) as error:
            log.warning("model '%s' goes on as it was: %s", name, error or type(error).__name__)
            self._metrics.record_failed_reload(name)
        else:
            self._metrics.record_reload(name)

    def _register(self, name: str, version: int, digest: str, model: Model) -> LoadedModel:
        config = self._config
        reading = make_postprocessor(model.info, config.threshold, config.class_list)
        size = config.batch_size or choose_batch_size(model, None, config.threads)
        pipeline = PipelineConfig(size, config.threads, config.truncated)
        line = DynamicBatcher(
            model,
            reading,
            pipeline,
            config.max_batch_wait,
            self._pool,
            self._metrics.batch_size_observer(name),
        )
        self._metrics.set_model_version(name, version)
        return LoadedModel(name, version, digest, model, reading, line)


def _file_signature(path: Path) -> _FileSignature:
    """What changes when the file does; None when it isn't there."""
    try:
        with as_os_errors(path):
            status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
