"""Keep the answers of a run whose journal can't become the file of answers itself."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import Journal
from ctc.inference.task import AnswerCodec, TaskResult
from ctc.inference.update.answers import answers_path
from ctc.storage.atomic import remove, remove_abandoned, temp_path
from ctc.storage.paths import is_remote

Results = Iterator[TaskResult[Any]]


@contextmanager
def keep_answers(
    results: Results, output: Path, header: RunHeader, codec: AnswerCodec[Any, Any]
) -> Generator[Results]:
    """Return the results, which are in the file of answers of `output` when the block ends.

    As they are for a run without `--update`; no file is written if no event has an answer.
    """
    if not header.is_updatable:
        yield results
        return
    answers, kept = answers_path(output), _Kept(results)
    partial = temp_path(answers)
    if not is_remote(output):
        remove_abandoned(answers)
    try:
        with Journal[Any](partial, header, codec) as journal:
            yield kept.append_to(journal)
            if kept.has_answer:
                journal.finalize(answers)
    except BaseException as error:
        remove(partial)
        if isinstance(error, OSError) and str(error.filename) == str(partial):
            error.filename = str(answers)
        raise


@dataclass
class _Kept:
    """Results on their way into a journal."""

    results: Results
    has_answer: bool = False

    def append_to(self, journal: Journal[Any]) -> Results:
        for result in self.results:
            journal.append(result)
            self.has_answer |= result.prediction is not None
            yield result
