import re
from pathlib import Path

import pytest

ARTIFACTS = Path(__file__).parents[4] / "docs" / "reference" / "artifacts.md"


@pytest.fixture
def section():
    text = ARTIFACTS.read_text(encoding="utf-8")
    return text.partition("## Review store")[2].partition("\n## ")[0]


def columns_of(store):
    with store.read() as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: [row["name"] for row in connection.execute(f"PRAGMA table_info({name})")]
            for (name,) in tables
        }


def test_page_describes_every_table_and_column(store, section):
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", section, re.MULTILINE))
    tables = columns_of(store)
    assert rows.keys() == tables.keys()
    missing = [
        f"{table}.{column}"
        for table, columns in tables.items()
        for column in columns
        if f"`{column}`" not in rows[table]
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("table", "condition", "order"),
    [
        ("events", "is_gone = 0 AND position > 5", "position"),
        ("events", "is_gone = 0 AND audit > 0.5", "audit"),
        ("events", "is_gone = 0 AND (blank, number) < (0.5, 9)", "blank DESC, number DESC"),
        ("predictions", "label = 's' AND (doubt, event) < (0.5, 9)", "doubt DESC, event DESC"),
    ],
)
def test_pages_of_queues_are_found_by_an_index_and_not_sorted(store, table, condition, order):
    query = f"SELECT * FROM {table} WHERE {condition} ORDER BY {order} LIMIT 60"
    with store.read() as connection:
        plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert [step.split()[0] for step in plan] == ["SEARCH"]
