"""Reviewers, their roles and their tokens, of which the store keeps digests alone."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3

from ctc.artifacts.review.records import ROLES, Reviewer, Role
from ctc.errors import InputError, UsageError, did_you_mean, shorten

MAX_NAME = 100
"""Characters of a reviewer's name."""
TOKEN_BYTES = 24


def check_name(name: str) -> str:
    """Return the name without spaces around it; raises InputError if it is none."""
    stripped = name.strip()
    if not stripped or len(stripped) > MAX_NAME or not stripped.isprintable():
        raise InputError(
            f"'{shorten(name)}' is no name of a reviewer: give 1 to {MAX_NAME} visible characters"
        )
    return stripped


def digest(token: str) -> str:
    """Return the SHA-256 of a token, which is random and long, so that no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def ensure_reviewer(connection: sqlite3.Connection, name: str, role: Role, now: str) -> Reviewer:
    """Return the reviewer of this name, who is added without a token if not known."""
    row = connection.execute("SELECT * FROM reviewers WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return reviewer_from_row(row)
    _check_role(role)
    connection.execute("INSERT INTO reviewers VALUES (?, ?, NULL, 1, ?)", (name, role, now))
    return Reviewer(name, role)


def issue_token(connection: sqlite3.Connection, name: str, role: Role, now: str) -> str:
    """Give the reviewer that role and a new token, which is returned; the old one ends."""
    _check_role(role)
    ensure_reviewer(connection, name, role, now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(
        "UPDATE reviewers SET role = ?, token_digest = ?, is_active = 1 WHERE name = ?",
        (role, digest(token), name),
    )
    return token


def deactivate(connection: sqlite3.Connection, name: str) -> None:
    """End the reviewer's token; their answers stay. Raises UsageError for an unknown name."""
    done = connection.execute(
        "UPDATE reviewers SET is_active = 0, token_digest = NULL WHERE name = ?", (name,)
    )
    if not done.rowcount:
        names = [row["name"] for row in connection.execute("SELECT name FROM reviewers")]
        raise UsageError(f"there is no reviewer '{shorten(name)}'{did_you_mean(name, names)}")


def find_by_token(connection: sqlite3.Connection, token: str) -> Reviewer | None:
    """Return whose token it is, None if nobody's."""
    row = connection.execute(
        "SELECT * FROM reviewers WHERE token_digest = ? AND is_active", (digest(token),)
    ).fetchone()
    return None if row is None else reviewer_from_row(row)


def reviewer_from_row(row: sqlite3.Row) -> Reviewer:
    """Return the reviewer of a row of `reviewers`."""
    return Reviewer(row["name"], row["role"], bool(row["is_active"]))


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"there is no role '{shorten(role)}'{did_you_mean(role, ROLES)}")
