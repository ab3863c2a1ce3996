"""The SQLite file of a review store: tables, connections, versions, errors."""
