"""Alembic: its environment, and under `versions/` one file for each change of the tables, which never changes again."""
