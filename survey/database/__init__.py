"""The database: SQLite, or PostgreSQL, and the queries about studies and people.

    engine.py      opens it, brings it up to date (migrations/), runs transactions
    tables.py      the tables
    catalogue.py   queries of studies and clips       roster.py   of who counts
    records.py     everything that the export files hold, out and in
"""

from survey.database.engine import default_url, forget, open_engine, transaction, upgrade

__all__ = ["default_url", "forget", "open_engine", "transaction", "upgrade"]
