import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from review_events import FOX, WOLF

from ctc.artifacts.review.database import connection as connection_module
from ctc.artifacts.review.database.errors import StoreError
from ctc.artifacts.review.store import ReviewStore
from ctc.errors import UsageError

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits and permissions")


@contextmanager
def files_limited(size):
    """Files may not become larger than `size` bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def another_user():
    """Run as a user who has no rights of root."""
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def public_folder():
    """A folder that other users may enter, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@posix
def test_answer_that_finds_no_room_is_refused_and_the_others_are_kept(store, keys, ann):
    log = store.path.with_name("review.sqlite-wal")
    store.answer(ann, keys[:1], FOX)
    with (
        files_limited(log.stat().st_size + 2_000),
        pytest.raises(StoreError, match=r"review.sqlite' can't be written"),
    ):
        store.answer(ann, keys, WOLF)
    assert [event.answer for event in store.iter_events()] == [FOX, None, None, None, None]
    store.answer(ann, keys[1:2], WOLF)
    assert store.event(keys[1]).answer == WOLF


@posix
def test_answer_that_found_no_room_is_not_there_after_reopening(store, keys, ann):
    log = store.path.with_name("review.sqlite-wal")
    with files_limited(log.stat().st_size + 2_000), pytest.raises(StoreError):
        store.answer(ann, keys, WOLF)
    store.close()
    with ReviewStore.open(store.path) as again:
        assert again.count_states() == {"open": 5}
        assert again.records() == []


@posix
def test_open_that_finds_no_room_leaves_no_file(tmp_path):
    with (
        files_limited(10_000),
        pytest.raises(StoreError, match=r"review.sqlite' can't be written"),
    ):
        ReviewStore.open(tmp_path / "review.sqlite", make=True)
    assert list(tmp_path.iterdir()) == []


@posix
def test_open_in_a_folder_that_may_not_be_written(public_folder):
    public_folder.chmod(0o555)
    with another_user(), pytest.raises(UsageError, match=r"review.sqlite' can't be written: "):
        ReviewStore.open(public_folder / "review.sqlite", make=True)


@posix
def test_read_only_store_is_read_where_nothing_may_be_written(store, keys, ann, public_folder):
    store.answer(ann, keys[:1], FOX)
    store.close()
    path = Path(shutil.copy(store.path, public_folder))
    path.chmod(0o444)
    public_folder.chmod(0o555)
    with another_user(), ReviewStore.open(path, read_only=True) as again:
        assert again.event(keys[0]).answer == FOX


@posix
def test_answer_to_a_file_that_may_not_be_written(store, keys, ann, public_folder):
    store.close()
    path = Path(shutil.copy(store.path, public_folder))
    path.chmod(0o444)
    public_folder.chmod(0o555)
    with (
        another_user(),
        pytest.raises(StoreError, match=r"review.sqlite' can't be (opened|written)"),
        ReviewStore.open(path) as again,
    ):
        again.answer(ann, keys[:1], FOX)


def test_answer_to_a_store_that_was_opened_to_read(store, keys, ann):
    with (
        ReviewStore.open(store.path, read_only=True) as again,
        pytest.raises(StoreError, match="was opened to read it only"),
    ):
        again.answer(ann, keys[:1], FOX)


def test_answer_waits_and_then_names_the_lock(store, keys, ann, monkeypatch):
    store.close()
    monkeypatch.setattr(connection_module, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            ReviewStore.open(store.path) as again,
            pytest.raises(StoreError, match="is locked by another program: close that"),
        ):
            again.answer(ann, keys[:1], FOX)


def test_read_goes_on_while_another_writes(store, keys):
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.event(keys[0]).state == "open"


def test_methods_of_a_closed_store_say_so(store, keys):
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.event(keys[0])
