import sqlite3
import threading
from contextlib import closing

import pytest
from review_events import FOX, make_event

from ctc.artifacts.review.database.connection import connect
from ctc.artifacts.review.database.opening import check
from ctc.artifacts.review.store import ReviewStore
from ctc.errors import CtcError, InputError, UsageError


def change(path, statement):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_open_without_make_needs_a_file(tmp_path):
    with pytest.raises(UsageError, match=r"review store '.*' does not exist: make one with"):
        ReviewStore.open(tmp_path / "none.sqlite")


def test_open_makes_the_folder(tmp_path):
    ReviewStore.open(tmp_path / "a" / "b" / "review.sqlite", make=True).close()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["review.sqlite"]


def test_open_is_durable(store):
    with closing(connect(store.path)) as connection:
        values = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


def test_close_leaves_one_file(store, keys, ann):
    store.answer(ann, keys, FOX)
    store.close()
    assert [path.name for path in store.path.parent.iterdir()] == ["review.sqlite"]


def test_open_at_once_in_threads_makes_one_store(tmp_path):
    path, names = tmp_path / "review.sqlite", [f"reviewer {number}" for number in range(8)]

    def add(name):
        with ReviewStore.open(path, make=True) as store:
            store.ensure_reviewer(name)

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ReviewStore.open(path) as store:
        assert [reviewer.name for reviewer in store.reviewers()] == names


def test_open_refuses_a_newer_version(store):
    store.close()
    change(store.path, "PRAGMA user_version=9")
    with pytest.raises(InputError) as error:
        ReviewStore.open(store.path)
    assert str(error.value) == (
        f"'{store.path}' has the format version 9, this ctc knows up to 1: install a newer ctc"
    )


def test_check_migrates_an_older_version_and_keeps_answers(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.close()
    check(store.path, True, ["ALTER TABLE events ADD COLUMN colour TEXT DEFAULT 'red';"])
    with closing(connect(store.path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 2
        row = connection.execute("SELECT colour FROM events WHERE answer IS NOT NULL").fetchone()
    assert row["colour"] == "red"


def test_check_migrates_nothing_if_a_statement_fails(store):
    store.close()
    script = "ALTER TABLE events ADD COLUMN colour TEXT; SELECT colour FROM nowhere;"
    with pytest.raises(sqlite3.OperationalError):
        check(store.path, True, [script])
    with closing(connect(store.path)) as connection:
        columns = [row["name"] for row in connection.execute("PRAGMA table_info(events)")]
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    assert "colour" not in columns


def test_check_does_not_migrate_what_is_read_only(store):
    store.close()
    with pytest.raises(InputError, match="is of an older ctc: open it once with `ctc review`"):
        check(store.path, False, ["SELECT 1;"])


@pytest.mark.parametrize("content", [b"", b"id,label\n1,fox\n", b"\0" * 8192])
def test_open_refuses_what_is_no_store(tmp_path, content):
    path = tmp_path / "predictions.csv"
    path.write_bytes(content)
    with pytest.raises(CtcError, match=r"predictions.csv' is no review store: give a new name"):
        ReviewStore.open(path, make=True)
    assert path.read_bytes() == content


def test_open_refuses_another_database_and_leaves_it(tmp_path):
    path = tmp_path / "other.sqlite"
    change(path, "CREATE TABLE t (x)")
    before = path.read_bytes()
    with pytest.raises(InputError, match="is no review store"):
        ReviewStore.open(path, make=True)
    assert path.read_bytes() == before


def test_open_refuses_a_folder(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        ReviewStore.open(tmp_path, make=True)


def test_open_refuses_a_url():
    from ctc.storage.paths import parse_path

    with pytest.raises(UsageError, match="is a URL: a review store must be on a local disk"):
        ReviewStore.open(parse_path("s3://bucket/review.sqlite"), make=True)


def test_open_names_damage(store):
    events = [make_event(str(number)) for number in range(500)]
    store.replace_events(events)
    store.close()
    data = bytearray(store.path.read_bytes())
    data[4096:-4096] = b"\xff" * (len(data) - 8192)
    store.path.write_bytes(data)
    with pytest.raises(CtcError, match="is damaged: restore a copy"):
        list(ReviewStore.open(store.path).iter_events())
