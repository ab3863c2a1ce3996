"""Corrections of predictions, kept in a review store (`ctc serve --store`)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.database.errors import StoreError
from ctc.artifacts.review.records import ReviewEvent, ReviewLabel
from ctc.artifacts.review.store import ReviewStore
from ctc.errors import InputError
from ctc.serving.http.errors import ApiError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Correction:
    """What somebody says of an event. `request`: names the call, so that it may be repeated."""

    reviewer: str
    answer: Answer
    event: ReviewEvent
    labels: tuple[ReviewLabel, ...]
    request: str | None


class CorrectionKeeper:
    """Keeps corrections in a store; may be called in any thread.

    Raises CtcError when the store can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self._store = ReviewStore.open(path, make=True)

    def keep(self, correction: Correction) -> dict[str, Any]:
        """Return the response to a correction, which is on disk then.

        Raises ApiError for what the store refuses, and when it can't be written.
        """
        try:
            return self._keep(correction)
        except InputError as error:
            raise ApiError(HTTPStatus.BAD_REQUEST, str(error)) from None
        except StoreError as error:
            log.error("%s", error)
            raise ApiError(
                HTTPStatus.INSUFFICIENT_STORAGE,
                "the correction can't be kept: see the log of the server, then send it again",
            ) from None

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _keep(self, correction: Correction) -> dict[str, Any]:
        store = self._store
        reviewer = store.ensure_reviewer(correction.reviewer)
        (key,) = store.add_events([correction.event], correction.labels)
        (record,) = store.answer(
            reviewer, [key], correction.answer, merge=True, request=correction.request
        )
        after = record.after
        return {
            "key": key,
            "record": record.number,
            "reviewer": record.reviewer,
            "made_at": record.made_at,
            "answer": {} if after is None else _answer_json(after.labels),
        }


def _answer_json(labels: Mapping[str, tuple[str, ...] | None]) -> dict[str, list[str] | None]:
    return {label: None if names is None else list(names) for label, names in labels.items()}
