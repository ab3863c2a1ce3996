"""Tables of a review store, format version 1.

Times of people's work are UTC, ISO 8601 with milliseconds and `Z`; those of photos have no zone.

- `about`: facts about the store by name, see `StoreAbout`.
- `labels`: what people answer; `classes`, `predicted` are JSON lists, see `ReviewLabel`.
- `events`: one row per event; see `ReviewEvent`. `number` names it in `photos` and `predictions`,
  `key` in all else, both for good. `position` is its place in the predictions. `fingerprint` (of
  id and photos' paths) joins predictions that are made anew, `photos_fingerprint` (paths alone)
  those with other ids, `names_fingerprint` (id and file names) those whose photos have moved.
  `audit` (0–1) is a random number that follows from the key. `is_gone` is 1 where the predictions
  have it no more. `state`, `version`, `answer` and `answered_at` follow from `records`.
- `photos`: `event` is the number of the event, `n` counts its photos from 0; `boxes` is JSON like
  the column `detections` of an inventory.
- `predictions`: the model's answer per event number and label, see `ReviewPrediction`; `guesses`
  is a JSON object of probabilities by class, `probabilities` float32 in little-endian order.
- `actions`, `records`: all that people did, append-only (triggers refuse changes); see
  `AnswerRecord`. `below`, `undo_top`, `redo_top` link the actions that a reviewer can undo and
  redo; `request` names a request that may be repeated.
- `answers`: the current answer of each reviewer by event key, which follows from `records`.
- `leases`: who looks at which event until when (Unix time).
- `reviewers`: names, roles and SHA-256 digests of tokens.
"""

from __future__ import annotations

APPLICATION_ID = 0x63746372
"""SQLite's `application_id` of a review store: "ctcr"."""
FORMAT_VERSION = 1
"""SQLite's `user_version` of a review store."""

TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE labels (
    position INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    classes TEXT NOT NULL,
    predicted TEXT NOT NULL,
    multi_label INTEGER NOT NULL,
    is_open INTEGER NOT NULL
);

CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    photos_fingerprint TEXT NOT NULL,
    names_fingerprint TEXT NOT NULL,
    place TEXT NOT NULL,
    time TEXT NOT NULL,
    blank REAL,
    cluster INTEGER,
    audit REAL NOT NULL,
    meta TEXT NOT NULL,
    is_gone INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'open',
    version INTEGER NOT NULL DEFAULT 0,
    answer TEXT,
    answered_at TEXT
);
CREATE INDEX events_position ON events (is_gone, position);
CREATE INDEX events_state ON events (is_gone, state, position);
CREATE INDEX events_place ON events (is_gone, place, position);
CREATE INDEX events_time ON events (is_gone, time, number);
CREATE INDEX events_blank ON events (is_gone, blank, number);
CREATE INDEX events_cluster ON events (is_gone, cluster, number);
CREATE INDEX events_audit ON events (is_gone, audit);
CREATE INDEX events_fingerprint ON events (fingerprint);

CREATE TABLE photos (
    event INTEGER NOT NULL,
    n INTEGER NOT NULL,
    path TEXT NOT NULL,
    taken TEXT NOT NULL,
    boxes TEXT,
    is_missing INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (event, n)
) WITHOUT ROWID;

CREATE TABLE predictions (
    event INTEGER NOT NULL,
    label TEXT NOT NULL,
    answer TEXT NOT NULL,
    confidence REAL NOT NULL,
    guesses TEXT NOT NULL,
    present TEXT,
    probabilities BLOB,
    columns TEXT NOT NULL,
    truth TEXT,
    doubt REAL,
    label_error REAL,
    worth REAL,
    PRIMARY KEY (event, label)
) WITHOUT ROWID;
CREATE INDEX predictions_doubt ON predictions (label, doubt, event);
CREATE INDEX predictions_error ON predictions (label, label_error, event);
CREATE INDEX predictions_worth ON predictions (label, worth, event);
CREATE INDEX predictions_answer ON predictions (label, answer, confidence, event);

CREATE TABLE actions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    reviewer TEXT NOT NULL,
    role TEXT NOT NULL,
    made_at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('answer', 'undo', 'redo')),
    refers_to INTEGER REFERENCES actions (number),
    below INTEGER,
    undo_top INTEGER,
    redo_top INTEGER,
    request TEXT,
    UNIQUE (reviewer, request)
);
CREATE INDEX actions_reviewer ON actions (reviewer, number);

CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    action INTEGER NOT NULL REFERENCES actions (number),
    event TEXT NOT NULL REFERENCES events (key),
    before TEXT,
    after TEXT
);
CREATE INDEX records_event ON records (event, number);
CREATE INDEX records_action ON records (action, number);

CREATE TABLE answers (
    event TEXT NOT NULL REFERENCES events (key),
    reviewer TEXT NOT NULL,
    role TEXT NOT NULL,
    record INTEGER NOT NULL REFERENCES records (number),
    made_at TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (event, reviewer)
) WITHOUT ROWID;
CREATE INDEX answers_reviewer ON answers (reviewer, record);

CREATE TABLE leases (
    event TEXT PRIMARY KEY,
    reviewer TEXT NOT NULL,
    until REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE reviewers (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('reviewer', 'lead')),
    token_digest TEXT UNIQUE,
    is_active INTEGER NOT NULL,
    added_at TEXT NOT NULL
) WITHOUT ROWID;
"""

APPEND_ONLY = "".join(
    f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table}"
    f" BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END;\n"
    for table in ("actions", "records")
    for verb in ("UPDATE", "DELETE")
)

SCHEMA = TABLES + APPEND_ONLY
