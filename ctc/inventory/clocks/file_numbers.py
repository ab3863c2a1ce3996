"""The order in which a camera wrote its files, by the numbers in their names.

A camera numbers its photos through, in folders such as `100RECNX` and `101RECNX` (DCF standard,
CIPA DC-009); after 9999 it goes on with 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints
from ctc.artifacts.cameras.card_folders import camera_folder

MAX_REPEATED = 0.05
"""Share of numbers that may be there twice; with more, they don't tell the order."""
_DIGITS = re.compile(r"\d+")
_CARD = re.compile(r"(\d{3})[A-Za-z0-9_]{5}$")
_DATED_DIGITS = 8
_LAST_NUMBER, _EDGE = 9_999, 100
_MANY = 0.9


def file_order(paths: Sequence[str], times: NDArray[np.datetime64]) -> Ints | None:
    """Return the positions of one camera's files in the order of their numbers.

    `times` (n,) are those of the files, since some cameras begin names with month and day. None if
    the numbers don't tell the order.
    """
    groups = [_DIGITS.findall(path.rpartition("/")[2].rpartition(".")[0]) for path in paths]
    if not all(groups):
        return None
    same = len({len(one) for one in groups}) == 1
    numbers = [tuple(map(int, one if same else one[-1:])) for one in groups]
    if _begin_with_dates([one[-1] for one in groups], times):
        numbers = [(int(one[-1][4:]),) for one in groups]
    keys = [(_card(path), *number) for path, number in zip(paths, numbers, strict=True)]
    if len(set(keys)) < (1 - MAX_REPEATED) * len(keys):
        return None
    order = sorted(range(len(keys)), key=lambda at: (keys[at], times[at]))
    return _continue_after_last(np.array(order, np.int64), [keys[at] for at in order], times)


def _card(path: str) -> int:
    """Return the number of the folder that a camera numbers itself, 0 if there is none."""
    folder = path.rpartition("/")[0]
    found = _CARD.search(folder) if camera_folder(folder) != folder else None
    return int(found[1]) if found else 0


def _begin_with_dates(numbers: Sequence[str], times: NDArray[np.datetime64]) -> bool:
    """Return whether most numbers are month and day of their file, with a number behind."""
    if any(len(one) != _DATED_DIGITS for one in numbers):
        return False
    days = np.datetime_as_string(times, "D")
    dated = (one[:4] == day[5:7] + day[8:] for one, day in zip(numbers, days, strict=True))
    return bool(sum(dated) >= _MANY * len(numbers))


def _continue_after_last(
    order: Ints, keys: Sequence[tuple[int, ...]], times: NDArray[np.datetime64]
) -> Ints:
    """Return the order with 0001 after 9999 where the times say so, in a single folder."""
    numbers = np.array([key[-1] for key in keys])
    if len({key[:-1] for key in keys}) > 1 or len(numbers) < 3:
        return order
    if numbers[0] > _EDGE or not _LAST_NUMBER - _EDGE <= numbers[-1] <= _LAST_NUMBER:
        return order
    at = int(np.argmax(np.diff(numbers))) + 1
    turned = np.concatenate((order[at:], order[:at]))
    return turned if _descents(times[turned]) < _descents(times[order]) else order


def _descents(times: NDArray[np.datetime64]) -> int:
    return int((np.diff(times) < np.timedelta64(0, "s")).sum())
